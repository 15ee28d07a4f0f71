/* case: kind=heap-buffer-overflow access=write bytes=1 offset=1048576 object=1048576
 * A picture of a megabyte; the last line is one pixel too long. */
#include "case.h"

int main(void) {
  size_t bytes = 1024 * 1024;
  unsigned char *picture = malloc(bytes); // ALLOC
  memset(picture, 0, bytes);
  for (size_t x = 0; x < (BAD ? 1025 : 1024); x++) {
    ((volatile unsigned char *)opaque(picture))[1023 * 1024 + x] = 255; // BUG
  }
  printf("%d\n", picture[bytes - 1]);
  free(picture);
  return 0;
}
