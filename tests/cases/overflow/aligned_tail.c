/* case: kind=heap-buffer-overflow access=write bytes=1 offset=100 object=100
 * A page-aligned object of an odd size: its end is far from the end of its page. */
#include "case.h"
#include <malloc.h>

int main(void) {
  char *block = memalign(4096, 100); // ALLOC
  memset(block, 'b', 100);
  ((volatile char *)opaque(block))[BAD ? 100 : 99] = 'c'; // BUG
  printf("%c\n", block[50]);
  free(block);
  return 0;
}
