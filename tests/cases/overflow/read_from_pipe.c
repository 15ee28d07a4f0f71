/* case: kind=heap-buffer-overflow access=write object=32 call=read
 * read(2) is allowed more bytes than the buffer has: the kernel writes beyond it. */
#include "case.h"

int main(void) {
  int ends[2];
  char text[100];
  memset(text, 'x', sizeof text);
  if (pipe(ends) != 0 || write(ends[1], text, sizeof text) != sizeof text) {
    return 1;
  }
  char *buffer = malloc(32);                                  // ALLOC
  ssize_t got = read(ends[0], opaque(buffer), BAD ? 48 : 32); // BUG
  printf("%d %c\n", got >= 32, buffer[5]);
  free(buffer);
  return 0;
}
