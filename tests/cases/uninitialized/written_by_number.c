/* case: kind=uninitialized-read access=read object=64 call=syscall
 * Bytes that were never set go to a pipe by a call of the kernel's by its number. */
#include "case.h"

#include <sys/syscall.h>

int main(void) {
  int ends[2];
  char *buffer = malloc(64); // ALLOC
  if (!BAD)
    memset(buffer, 'b', 64);
  if (pipe(ends) != 0)
    return 1;
  long sent = syscall(SYS_write, ends[1], opaque(buffer), 64l); // BUG
  printf("%ld\n", sent);
  free(buffer);
  return 0;
}
