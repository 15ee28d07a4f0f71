/* case: kind=heap-buffer-underflow access=write bytes=2 offset=-2 object=20
 * A loop downwards that ends one after zero. */
#include "case.h"

int main(void) {
  short *levels = malloc(10 * sizeof *levels); // ALLOC
  short *base = opaque(levels);
  for (long i = 9; i >= (BAD ? -1 : 0); i--) {
    *(volatile short *)&base[i] = (short)i; // BUG
  }
  printf("%d\n", levels[9]);
  free(levels);
  return 0;
}
