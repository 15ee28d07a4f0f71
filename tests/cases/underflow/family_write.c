/* case: kind=heap-buffer-underflow access=write bytes=1 offset=-1 object=SIZE
 * case: sizes=1,7,16,24,100,4095,4096,5000,100000
 * The byte before an object of many sizes is written. */
#include "case.h"

int main(void) {
  char *bytes = malloc(SIZE); // ALLOC
  memset(bytes, 1, SIZE);
  ((volatile char *)opaque(bytes))[(long)opaque_size(BAD ? -1L : 0)] = 2; // BUG
  puts("done");
  free(bytes);
  return 0;
}
