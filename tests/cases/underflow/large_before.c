/* case: kind=heap-buffer-underflow access=write bytes=1 offset=-1 object=2000000
 * The byte before two million. */
#include "case.h"

int main(void) {
  char *bytes = calloc(2000000, 1);                   // ALLOC
  ((volatile char *)opaque(bytes))[BAD ? -1 : 0] = 1; // BUG
  printf("%d\n", bytes[1]);
  free(bytes);
  return 0;
}
