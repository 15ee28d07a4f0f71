/* case: kind=heap-use-after-free access=write object=64 call=read
 * A buffer is filled by the kernel after it was given back. */
#include "case.h"

int main(void) {
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "data", 4) != 4) {
    return 1;
  }
  char *buffer = malloc(64); // ALLOC
  char *queued = opaque(buffer);
  if (BAD) {
    free(buffer); // FREE
  }
  ssize_t got = read(ends[0], queued, 64); // BUG
  if (!BAD) {
    free(buffer);
  }
  printf("%d\n", got == 70);
  return 0;
}
