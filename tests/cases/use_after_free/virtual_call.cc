/* case: kind=heap-use-after-free access=read bytes=8 offset=0 object=16
 * A method of a deleted object: its table of functions is looked up in freed memory. (Its
 * destructor, which nobody wrote, has the line of the class.) */
#include "case.h"

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const { return 0; }
};
struct Square : Shape { // FREE
  int side = 2;
  int corners() const override { return 4; }
};

int main() {
  Shape *shape = new Square; // ALLOC
  Shape *alias = static_cast<Shape *>(opaque(shape));
  int corners = alias->corners();
  delete shape; // FREE
  if (BAD) {
    corners += static_cast<Shape *>(opaque(alias))->corners(); // BUG
  }
  printf("%d\n", corners > 0);
}
