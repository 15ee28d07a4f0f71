/* case: kind=heap-use-after-free access=write bytes=4 offset=396 object=400
 * An array is written after delete[]. */
#include "case.h"

int main() {
  int *values = new int[100](); // ALLOC
  volatile int *alias = static_cast<int *>(opaque(values));
  if (BAD) {
    delete[] values; // FREE
  }
  alias[99] = 1; // BUG
  if (!BAD) {
    delete[] values;
  }
  puts("written");
}
