/* case: kind=heap-buffer-overflow access=write object=64 call=syscall
 * A call of the kernel by its number, without a function of its own. */
#include "case.h"

#include <sys/syscall.h>

int main(void) {
  int ends[2];
  char text[96];
  memset(text, 't', sizeof text);
  if (pipe(ends) != 0 || write(ends[1], text, sizeof text) != sizeof text)
    return 1;
  char *buffer = malloc(64);                                                     // ALLOC
  long got = syscall(SYS_read, ends[0], opaque(buffer), BAD ? sizeof text : 64); // BUG
  printf("%d\n", got >= 64);
  free(buffer);
  return 0;
}
