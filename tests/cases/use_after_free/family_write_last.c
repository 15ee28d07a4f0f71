/* case: kind=heap-use-after-free access=write bytes=1 offset=SIZE-1 object=SIZE
 * case: sizes=1,7,16,24,100,4095,4096,5000,100000
 * The last byte of an object of many sizes is written after its free. */
#include "case.h"

int main(void) {
  char *bytes = malloc(SIZE); // ALLOC
  memset(bytes, 1, SIZE);
  volatile char *alias = opaque(bytes);
  free(bytes); // FREE
  if (BAD) {
    alias[SIZE - 1] = 2; // BUG
  }
  puts("done");
  return 0;
}
