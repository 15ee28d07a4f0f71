/* case: kind=mismatched-free object=40
 * new[] of ints, then delete without brackets. */
#include "case.h"

int main() {
  int *values = static_cast<int *>(opaque(new int[10])); // ALLOC
  if (BAD) {
    delete values; // BUG
  } else {
    delete[] values;
  }
  puts("done");
}
