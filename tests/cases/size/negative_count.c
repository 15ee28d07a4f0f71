/* case: kind=impossible-size
 * A count that went below zero is multiplied. */
#include "case.h"

int main(void) {
  int count = (int)opaque_size(BAD ? (size_t)-3 : 3);
  long *table = opaque(calloc((size_t)count, sizeof *table)); // BUG
  puts(table != NULL ? "made" : "refused");
  free(table);
  return 0;
}
