/* case: kind=heap-buffer-overflow access=write bytes=1 offset=SIZE object=SIZE
 * case: sizes=1,7,8,15,16,24,100,4095,4096,5000,100000
 * The byte behind an object of many sizes is written. */
#include "case.h"

int main(void) {
  char *bytes = malloc(SIZE); // ALLOC
  memset(bytes, 1, SIZE);
  ((volatile char *)opaque(bytes))[opaque_size(BAD ? SIZE : SIZE - 1)] = 2; // BUG
  puts("done");
  free(bytes);
  return 0;
}
