/* case: kind=null-pointer access=write bytes=1
 * The result of an allocation is used unchecked. There is no machine for so many bytes. CWE-690. */
#include "case.h"

int main(void) {
  size_t wanted = opaque_size(BAD ? (size_t)1 << 60 : 100);
  char *buffer = malloc(wanted);
  ((volatile char *)opaque(buffer))[0] = 1; // BUG
  puts("done");
  free(buffer);
  return 0;
}
