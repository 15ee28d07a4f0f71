/* case: kind=heap-use-after-free access=read bytes=4 object=400 offset=40
 * The pointer that get() gave outlives the reset. */
#include "case.h"
#include <memory>

int main() {
  std::unique_ptr<int[]> values(new int[100]()); // ALLOC
  const volatile int *raw = static_cast<int *>(opaque(values.get()));
  int value = raw[10];
  if (BAD) {
    values.reset(); // FREE
  }
  value += raw[10]; // BUG
  printf("%d\n", value == 99);
}
