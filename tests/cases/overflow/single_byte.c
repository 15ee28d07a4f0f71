/* case: kind=heap-buffer-overflow access=write bytes=2 offset=0 object=1
 * Two bytes are written at once where one was allocated: the first is inside. */
#include "case.h"

int main(void) {
  unsigned char *flag = malloc(BAD ? 1 : 2);   // ALLOC
  *(volatile uint16_t *)opaque(flag) = 0x0101; // BUG
  printf("%d\n", flag[0]);
  free(flag);
  return 0;
}
