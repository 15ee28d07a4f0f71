/* case: kind=heap-buffer-overflow access=read bytes=4 offset=12 object=13
 * The last word of thirteen bytes is read as if it were whole. CWE-126. */
#include "case.h"

int main(void) {
  unsigned char *bytes = malloc(BAD ? 13 : 16); // ALLOC
  memset(bytes, 3, BAD ? 13 : 16);
  uint32_t sum = 0;
  for (int i = 0; i < 16; i += 4) {
    sum += *(const volatile uint32_t *)((char *)opaque(bytes) + i); // BUG
  }
  printf("%d\n", sum != 0);
  free(bytes);
  return 0;
}
