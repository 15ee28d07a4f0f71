/* case: kind=uninitialized-read bytes=8 offset=64 object=128
 * After growing, the new half is used as if it were zero. */
#include "case.h"

int main(void) {
  long *values = calloc(8, sizeof *values);
  values = realloc(opaque(values), 16 * sizeof *values); // ALLOC
  values = opaque(values);
  if (!BAD) {
    memset(values + 8, 0, 64);
  }
  if (*(volatile long *)&values[8] != 0) { // BUG
    puts("not zero");
  }
  if (!BAD) {
    puts("done");
  }
  free(values);
  return 0;
}
