/* case: kind=heap-buffer-underflow access=read bytes=8 offset=-8 object=64
 * The first element has no one before it. CWE-127. */
#include "case.h"

int main(void) {
  long *steps = calloc(8, sizeof *steps); // ALLOC
  steps = opaque(steps);
  long total = 0;
  for (int i = BAD ? 0 : 1; i < 8; i++) {
    total += steps[i] - *(volatile long *)&steps[i - 1]; // BUG
  }
  printf("%d\n", total == 12345);
  free(steps);
  return 0;
}
