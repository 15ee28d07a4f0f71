/* case: kind=leak direct=48 count=1
 * The pointer is overwritten by the NULL of a realloc that was refused. */
#include "case.h"

static NOINLINE void grow(void) {
  char *buffer = malloc(48); // ALLOC
  buffer = opaque(buffer);
  buffer[0] = 1;
  char *grown = realloc(buffer, opaque_size(BAD ? (size_t)1 << 60 : 96));
  if (BAD || grown != NULL) {
    buffer = grown;
  }
  free(buffer);
}

int main(void) {
  grow();
  clear_stack();
  puts("done");
  return 0;
}
