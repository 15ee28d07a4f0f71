/* case: kind=double-free|heap-use-after-free object=30
 * A buffer is grown after it was freed. */
#include "case.h"

int main(void) {
  char *buffer = malloc(30); // ALLOC
  char *alias = opaque(buffer);
  if (BAD) {
    free(buffer); // FREE
  }
  alias = realloc(alias, 60); // BUG
  if (BAD) {
    _exit(0);
  }
  free(alias);
  puts("done");
  return 0;
}
