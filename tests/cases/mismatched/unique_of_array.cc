/* case: kind=mismatched-free object=36
 * unique_ptr<T> calls delete; this is an array. */
#include "case.h"
#include <memory>

template <class Owner> NOINLINE void drop(Owner &owner) {
  owner.reset(); // BUG
}

int main() {
  int *values = static_cast<int *>(opaque(new int[9]())); // ALLOC
#if BAD
  std::unique_ptr<int> owner(values);
#else
  std::unique_ptr<int[]> owner(values);
#endif
  drop(owner);
  puts("done");
}
