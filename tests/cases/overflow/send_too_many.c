/* case: kind=heap-buffer-overflow access=read object=20 call=send
 * The length of a reply is not the length of its buffer. CWE-126. */
#include "case.h"
#include <sys/socket.h>

int main(void) {
  int pair[2];
  char *reply = malloc(20); // ALLOC
  memset(reply, 'r', 20);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) {
    return 1;
  }
  ssize_t sent = send(pair[0], opaque(reply), BAD ? 33 : 20, 0); // BUG
  printf("%d\n", sent >= 20);
  free(reply);
  return 0;
}
