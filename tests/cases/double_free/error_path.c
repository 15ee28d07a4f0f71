/* case: kind=double-free object=128
 * The cleanup at the end frees what the error path has freed. */
#include "case.h"

static NOINLINE int load(int broken) {
  int status = 0;
  char *buffer = malloc(128); // ALLOC
  buffer = opaque(buffer);
  buffer[0] = 1;
  if (broken) {
    free(buffer); // FREE
    status = -1;
    goto out;
  }
  status = buffer[0];
out:
  free(buffer); // BUG
  return status;
}

int main(void) {
  int status = load(BAD);
  printf("%d\n", status > -5);
  return 0;
}
