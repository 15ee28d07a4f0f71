/* case: kind=heap-buffer-overflow access=write bytes=4 offset=40 object=40 variants=-O2
 * A vector is written through data(), beyond what it has allocated. */
#include "case.h"
#include <vector>

static NOINLINE void fill(volatile int *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    values[i] = static_cast<int>(i); // BUG
  }
}

int main() {
  std::vector<int> values(10);
  fill(values.data(), BAD ? 11 : 10);
  printf("%d\n", values[9]);
}
