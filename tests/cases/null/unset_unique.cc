/* case: kind=null-pointer access=write bytes=4
 * A unique_ptr that was moved from is empty. */
#include "case.h"
#include <memory>

int main() {
  auto first = std::make_unique<int>(1);
  auto second = std::move(first);
  int *target = static_cast<int *>(opaque(BAD ? first.get() : second.get()));
  *static_cast<volatile int *>(target) = 2; // BUG
  printf("%d\n", *second);
}
