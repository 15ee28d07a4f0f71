/* case: kind=heap-buffer-overflow access=read bytes=4 offset=24 object=24 build=-no-pie,-fno-pie
 * A program at a fixed address. */
#include "case.h"

int main(void) {
  int *values = calloc(6, sizeof *values); // ALLOC
  values = opaque(values);
  int value = *(volatile int *)&values[opaque_size(BAD ? 6 : 5)]; // BUG
  printf("%d\n", value == 77);
  free(values);
  return 0;
}
