/* case: kind=heap-use-after-free access=write object=16 call=strcpy
 * A function frees its argument on failure, and the caller uses it all the same. */
#include "case.h"

static NOINLINE int parse(char *buffer, int fail) {
  if (fail) {
    free(buffer); // FREE
    return -1;
  }
  return 0;
}

int main(void) {
  char *buffer = malloc(16); // ALLOC
  char *alias = opaque(buffer);
  int status = parse(buffer, BAD);
  strcpy(alias, opaque("unknown")); // BUG
  if (status == 0) {
    free(buffer);
  }
  puts("parsed");
  return 0;
}
