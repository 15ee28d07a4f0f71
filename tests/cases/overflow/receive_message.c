/* case: kind=heap-buffer-overflow access=write object=64 call=recv
 * A message of a peer is longer than the place for it. */
#include "case.h"
#include <sys/socket.h>

int main(void) {
  int pair[2];
  char text[128];
  memset(text, 'm', sizeof text);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || send(pair[0], text, sizeof text, 0) != sizeof text) {
    return 1;
  }
  char *message = malloc(64);                                              // ALLOC
  ssize_t got = recv(pair[1], opaque(message), BAD ? sizeof text : 64, 0); // BUG
  printf("%d %c\n", got >= 64, message[63]);
  free(message);
  return 0;
}
