/* case: kind=heap-use-after-free access=write bytes=4 offset=0 object=32
 * A counter in an object that is gone. */
#include "case.h"

int main(void) {
  int *counter = calloc(8, sizeof *counter); // ALLOC
  volatile int *at = opaque(counter);
  *at = 1;
  if (BAD) {
    free(counter); // FREE
  }
  *at = 2; // BUG
  if (!BAD) {
    free(counter);
  }
  puts("counted");
  return 0;
}
