/* case: kind=heap-buffer-overflow access=write object=16
 * std::copy into a vector that is shorter than the source. */
#include "case.h"
#include <algorithm>
#include <vector>

int main() {
  std::vector<int> from = {1, 2, 3, 4, 5, 6}, to(BAD ? 4 : 6);
  std::copy(from.begin(), from.begin() + opaque_size(6), to.begin()); // BUG
  printf("%d\n", to[3]);
}
