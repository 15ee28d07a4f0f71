/* case: kind=mismatched-free object=8
 * new, then free. */
#include "case.h"

int main() {
  long *value = BAD ? new long(1) : static_cast<long *>(malloc(8)); // ALLOC
  free(opaque(value));                                              // BUG
  puts("done");
}
