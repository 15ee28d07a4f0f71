/* case: kind=overlapping-copy call=mempcpy
 * The head is appended to itself, with more bytes than it has. */
#include "case.h"

int main(void) {
  char *bytes = calloc(64, 1);
  bytes = opaque(bytes);
  char *end = mempcpy(bytes + 10, bytes, opaque_size(BAD ? 12 : 10)); // BUG
  printf("%d\n", end > bytes);
  free(bytes);
  return 0;
}
