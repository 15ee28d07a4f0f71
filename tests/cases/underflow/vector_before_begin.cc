/* case: kind=heap-buffer-underflow access=read bytes=4 offset=-4 object=12
 * The element before begin(). CWE-127. */
#include "case.h"
#include <vector>

int main() {
  std::vector<int> values = {1, 2, 3};
  const int *at = static_cast<int *>(opaque(values.data()));
  int previous = *static_cast<const volatile int *>(at + (BAD ? -1 : 1)); // BUG
  printf("%d\n", previous == 77);
}
