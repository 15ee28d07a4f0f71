/* case: kind=uninitialized-read bytes=4 offset=0 object=400
 * The numbers are added up before anything was put into them. */
#include "case.h"

int main(void) {
  int *counts = malloc(100 * sizeof *counts); // ALLOC
  if (!BAD) {
    memset(counts, 0, 100 * sizeof *counts);
  }
  const volatile int *at = opaque(counts);
  int total = 0;
  for (int i = 0; i < 100; i++) {
    total += at[i]; // BUG
  }
  printf("%d\n", total > 5);
  free(counts);
  return 0;
}
