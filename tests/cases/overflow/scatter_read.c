/* case: kind=heap-buffer-overflow access=write object=10 call=readv
 * The second of two buffers is smaller than its entry says. */
#include "case.h"
#include <sys/uio.h>

int main(void) {
  int ends[2];
  char head[4];
  if (pipe(ends) != 0 || write(ends[1], "headbody of the message", 23) != 23) {
    return 1;
  }
  char *body = malloc(10); // ALLOC
  struct iovec parts[2] = {{head, 4}, {opaque(body), BAD ? 19 : 10}};
  ssize_t got = readv(ends[0], parts, 2); // BUG
  printf("%d %.4s\n", got >= 14, body);
  free(body);
  return 0;
}
