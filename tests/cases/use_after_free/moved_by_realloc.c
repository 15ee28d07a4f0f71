/* case: kind=heap-use-after-free access=write bytes=4 offset=4 object=16
 * A pointer into an array is kept while the array grows and moves. */
#include "case.h"

int main(void) {
  int *values = calloc(4, sizeof *values); // ALLOC
  void *barrier = malloc(16);
  int *second = &((int *)opaque(values))[1];
  values = realloc(values, 100000 * sizeof *values); // FREE
  if (!BAD) {
    second = &values[1];
  }
  *(volatile int *)opaque(second) = 5; // BUG
  printf("%d\n", values[0]);
  free(values);
  free(barrier);
  return 0;
}
