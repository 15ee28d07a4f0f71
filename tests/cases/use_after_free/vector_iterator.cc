/* case: kind=heap-use-after-free access=read bytes=4 offset=0 object=16
 * push_back moves the elements; an iterator from before points to where they were. */
#include "case.h"
#include <vector>

int main() {
  std::vector<int> values = {10, 20, 30, 40};
  auto first = values.begin();
  if (!BAD) {
    values.reserve(100);
    first = values.begin();
  }
  values.push_back(50);
  int value = *static_cast<volatile int *>(opaque(&*first)); // BUG
  printf("%d\n", value != 11);
}
