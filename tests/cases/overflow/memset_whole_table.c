/* case: kind=heap-buffer-overflow access=write object=25 call=memset
 * As many bytes are cleared as the table has rows and columns of ints; it has bytes. */
#include "case.h"

int main(void) {
  size_t side = opaque_size(5);
  unsigned char *table = malloc(side * side);              // ALLOC
  memset(table, 7, side * side * (BAD ? sizeof(int) : 1)); // BUG
  printf("%d\n", table[24]);
  free(table);
  return 0;
}
