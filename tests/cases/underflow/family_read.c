/* case: kind=heap-buffer-underflow access=read bytes=1 offset=-1 object=SIZE
 * case: sizes=1,15,24,100,4096,5000
 * The byte before an object of many sizes is read. CWE-127. */
#include "case.h"

int main(void) {
  char *bytes = malloc(SIZE); // ALLOC
  memset(bytes, 1, SIZE);
  char value = ((volatile char *)opaque(bytes))[(long)opaque_size(BAD ? -1L : 0)]; // BUG
  puts(value == 99 ? "done." : "done");
  free(bytes);
  return 0;
}
