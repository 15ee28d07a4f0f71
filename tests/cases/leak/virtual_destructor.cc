/* case: kind=leak direct=200 count=1
 * The base has no virtual destructor: what the derived object holds is never given back. (Its
 * constructor, which nobody wrote, has the line of the class.) */
#include "case.h"

struct Base {
#if !BAD
  virtual
#endif
      ~Base() {
  }
  long kind[3] = {1, 2, 3};
};
struct Derived : Base {        // ALLOC
  int *values = new int[50](); // ALLOC
  NOINLINE ~Derived() { delete[] values; }
};

static NOINLINE void use() {
  Base *object = static_cast<Base *>(opaque(static_cast<Base *>(new Derived)));
#if BAD
  object->~Base();
  ::operator delete(object);
#else
  delete object;
#endif
}

int main() {
  use();
  clear_stack();
  puts("done");
}
