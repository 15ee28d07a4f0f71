/* case: kind=heap-buffer-overflow access=write bytes=4 offset=16 object=16
 * The error is made in a forked child, in an object of the parent's. */
#include "case.h"
#include <sys/wait.h>

int main(void) {
  int *shared = malloc(4 * sizeof *shared); // ALLOC
  shared = opaque(shared);
  shared[0] = 1;
  pid_t child = fork();
  if (child == 0) {
    *(volatile int *)&shared[opaque_size(BAD ? 4 : 3)] = 8; // BUG
    free(shared);
    exit(0);
  }
  waitpid(child, NULL, 0);
  printf("%d\n", shared[0]);
  free(shared);
  return 0;
}
