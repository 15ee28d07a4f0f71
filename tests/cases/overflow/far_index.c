/* case: kind=heap-buffer-overflow access=write bytes=4 offset=3000 object=40
 * The index is far off, but still not in anyone else's memory. */
#include "case.h"

int main(void) {
  int *table = calloc(10, sizeof *table); // ALLOC
  size_t index = opaque_size(BAD ? 750 : 7);
  ((volatile int *)opaque(table))[index] = 5; // BUG
  printf("%d\n", table[0]);
  free(table);
  return 0;
}
