/* case: kind=uninitialized-read bytes=8 offset=8 object=16
 * A limit that nobody set. */
#include "case.h"

int main(void) {
  double *range = malloc(2 * sizeof *range); // ALLOC
  volatile double *at = opaque(range);
  at[0] = 0.5;
  if (!BAD) {
    at[1] = 2.5;
  }
  if (1.0 > at[1]) { // BUG
    puts("beyond");
  }
  puts("done");
  free(range);
  return 0;
}
