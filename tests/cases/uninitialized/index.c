/* case: kind=uninitialized-read bytes=4 offset=0 object=40
 * What is in fresh memory is used as an index. */
#include "case.h"

int main(void) {
  static int zeros[256];
  const volatile int *table = opaque(zeros);
  unsigned *order = BAD ? malloc(40) : calloc(10, 4); // ALLOC
  volatile unsigned *at = opaque(order);
  int value = table[at[0] & 255]; // BUG
  printf("%d\n", value);
  free(order);
  return 0;
}
