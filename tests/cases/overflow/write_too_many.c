/* case: kind=heap-buffer-overflow access=read object=24 call=write
 * write(2) sends what lies behind the message. CWE-126. */
#include "case.h"
#include <fcntl.h>

int main(void) {
  char *message = malloc(24); // ALLOC
  memset(message, 'w', 24);
  int sink = open("/dev/null", O_WRONLY);
  ssize_t sent = write(sink, opaque(message), BAD ? 40 : 24); // BUG
  printf("%d\n", sent >= 24);
  close(sink);
  free(message);
  return 0;
}
