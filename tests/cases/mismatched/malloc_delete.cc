/* case: kind=mismatched-free object=4
 * malloc, then delete. */
#include "case.h"

int main() {
  int *value = BAD ? static_cast<int *>(malloc(sizeof(int))) : new int; // ALLOC
  delete static_cast<int *>(opaque(value));                             // BUG
  puts("done");
}
