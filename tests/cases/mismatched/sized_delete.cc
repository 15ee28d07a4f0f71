/* case: kind=mismatched-free object=24 build=-fsized-deallocation
 * An object is deleted through a pointer to a smaller base without a virtual destructor. */
#include "case.h"

struct Base {
  long kind = 1;
};
struct Derived : Base {
  long more[2] = {2, 3};
};

int main() {
  Derived *object = new Derived; // ALLOC
  if (BAD) {
    Base *base = static_cast<Base *>(opaque(object));
    delete base; // BUG
  } else {
    delete static_cast<Derived *>(opaque(object));
  }
  puts("done");
}
