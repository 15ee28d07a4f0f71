/* case: kind=heap-use-after-free access=read object=100 call=write
 * The buffer of an asynchronous write was freed too early. */
#include "case.h"
#include <fcntl.h>

int main(void) {
  int sink = open("/dev/null", O_WRONLY);
  char *buffer = malloc(100); // ALLOC
  memset(buffer, 'b', 100);
  char *queued = opaque(buffer);
  if (BAD) {
    free(buffer); // FREE
  }
  ssize_t sent = write(sink, queued, 100); // BUG
  if (!BAD) {
    free(buffer);
  }
  printf("%d\n", sent == 7);
  close(sink);
  return 0;
}
