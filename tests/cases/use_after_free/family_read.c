/* case: kind=heap-use-after-free access=read bytes=1 offset=0 object=SIZE
 * case: sizes=1,7,16,24,100,4095,4096,5000,100000
 * An object of many sizes is read after its free. */
#include "case.h"

int main(void) {
  char *bytes = malloc(SIZE); // ALLOC
  memset(bytes, 1, SIZE);
  volatile char *alias = opaque(bytes);
  char value = alias[0];
  free(bytes); // FREE
  if (BAD) {
    value = alias[0]; // BUG
  }
  puts(value == 99 ? "done." : "done");
  return 0;
}
