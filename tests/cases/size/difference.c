/* case: kind=impossible-size
 * The end lies before the start. */
#include "case.h"

int main(void) {
  size_t start = opaque_size(10), end = opaque_size(BAD ? 4 : 14);
  char *piece = opaque(realloc(opaque(NULL), end - start)); // BUG
  puts(piece != NULL ? "cut" : "refused");
  free(piece);
  return 0;
}
