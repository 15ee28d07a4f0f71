/* case: kind=null-pointer access=read bytes=8
 * A cast that fails gives nullptr, and a method of it is called. */
#include "case.h"

struct Animal {
  virtual ~Animal() = default;
};
struct Bird : Animal {
  virtual int wings() const { return 2; }
};

int main() {
  Bird bird;
  Animal other;
  Animal *animal = static_cast<Animal *>(opaque(BAD ? &other : static_cast<Animal *>(&bird)));
  auto *as_bird = dynamic_cast<Bird *>(animal);
  int wings = static_cast<Bird *>(opaque(as_bird))->wings(); // BUG
  printf("%d\n", wings);
}
