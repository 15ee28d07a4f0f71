/* case: kind=uninitialized-read object=48 call=write
 * Memory that was never written leaves the process whole. */
#include "case.h"
#include <fcntl.h>

int main(void) {
  int sink = open("/dev/null", O_WRONLY);
  char *page = BAD ? malloc(48) : calloc(1, 48); // ALLOC
  ssize_t wrote = write(sink, opaque(page), 48); // BUG
  printf("%zd\n", wrote);
  close(sink);
  free(page);
  return 0;
}
