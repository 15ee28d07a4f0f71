/* case: kind=heap-buffer-underflow access=write bytes=4 offset=-4 object=40 variants=-O0,-O2
 * A search that finds nothing gives -1, and the result is used as an index. */
#include "case.h"

static NOINLINE long find(const int *values, long count, int wanted) {
  while (--count >= 0 && values[count] != wanted) {
  }
  return count;
}

int main(void) {
  int *values = calloc(10, sizeof *values); // ALLOC
  values[3] = 7;
  long at = find(values, 10, BAD ? 8 : 7);
  *(volatile int *)&values[at] = 9; // BUG
  printf("%d\n", values[0]);
  free(values);
  return 0;
}
