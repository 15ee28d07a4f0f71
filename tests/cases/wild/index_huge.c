/* case: kind=wild-pointer access=write
 * A negative number became a huge unsigned index into a global table. */
#include "case.h"

static int table[16];

int main(void) {
  long index = BAD ? -0x7000000000l : 3;
  ((volatile int *)opaque(table))[index] = 1; // BUG
  printf("%d\n", table[3]);
  return 0;
}
