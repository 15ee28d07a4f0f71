/* case: kind=uninitialized-read bytes=4 offset=0 object=4
 * new int is not new int(). */
#include "case.h"

int main() {
  int *total = BAD ? new int : new int(); // ALLOC
  volatile int *at = static_cast<int *>(opaque(total));
  for (int i = 0; i < 5; i++) {
    *at = *at + i; // BUG
  }
  printf("%d\n", *at != 11);
  delete total;
}
