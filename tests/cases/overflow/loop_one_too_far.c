/* case: kind=heap-buffer-overflow access=write bytes=4 offset=40 object=40 variants=-O0,-O2
 * A loop runs to the count instead of below it. */
#include "case.h"

int main(void) {
  int count = (int)opaque_size(10);
  int *squares = malloc(count * sizeof *squares); // ALLOC
  for (int i = 0; BAD ? i <= count : i < count; i++) {
    *(volatile int *)&squares[i] = i * i; // BUG
  }
  printf("%d\n", squares[9]);
  free(squares);
  return 0;
}
