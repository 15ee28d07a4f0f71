/* case: kind=invalid-free
 * A buffer on the stack is freed as if it were the larger one of the heap. */
#include "case.h"

int main(void) {
  char small[64];
  size_t wanted = opaque_size(BAD ? 40 : 4000);
  char *buffer = wanted > sizeof small ? malloc(wanted) : small;
  memset(buffer, 'b', wanted);
  printf("%c\n", buffer[39]);
  free(opaque(buffer)); // BUG
  return 0;
}
