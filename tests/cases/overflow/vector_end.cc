/* case: kind=heap-buffer-overflow access=read bytes=8 offset=24 object=24
 * The end of a range is not one of its elements. */
#include "case.h"
#include <algorithm>
#include <vector>

int main() {
  std::vector<long> values = {3, 4, 5};
  auto found = std::find(values.begin(), values.end(), BAD ? 9 : 5);
  long value = *static_cast<volatile long *>(opaque(&*found)); // BUG
  printf("%d\n", value != 3);
}
