/* case: kind=heap-buffer-overflow access=read bytes=1 offset=SIZE object=SIZE
 * case: sizes=1,7,8,15,16,24,100,4095,4096,5000,100000
 * The byte behind an object of many sizes is read. CWE-126. */
#include "case.h"

int main(void) {
  char *bytes = malloc(SIZE); // ALLOC
  memset(bytes, 1, SIZE);
  char value = ((volatile char *)opaque(bytes))[opaque_size(BAD ? SIZE : SIZE - 1)]; // BUG
  puts(value == 99 ? "done." : "done");
  free(bytes);
  return 0;
}
