/* case: kind=impossible-size
 * A count that went below zero is multiplied. */
#include "case.h"

int main(void) {
  int count = (int)opaque_size(BAD ? (size_t)-3 : 3);
  long *table = calloc((size_t)count, sizeof *table); // BUG
  printf("%d\n", table == opaque(NULL) && !BAD);
  free(table);
  return 0;
}
