/* case: kind=stack-overflow
 * An array whose size comes from outside is too large for the stack. */
#include "case.h"

static NOINLINE int fill(size_t bytes) {
  volatile char array[bytes]; // BUG
  array[0] = 1;               // BUG
  array[bytes - 1] = 2;
  return array[0] + array[bytes - 1];
}

int main(void) {
  printf("%d\n", fill(opaque_size(BAD ? 64 << 20 : 1000)));
  return 0;
}
