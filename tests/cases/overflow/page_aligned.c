/* case: kind=heap-buffer-overflow access=read bytes=1 offset=4096 object=4096
 * A whole page from posix_memalign, read one byte too far. */
#include "case.h"

int main(void) {
  void *page = NULL;
  if (posix_memalign(&page, 4096, 4096) != 0) { // ALLOC
    return 1;
  }
  memset(page, 1, 4096);
  const volatile unsigned char *bytes = opaque(page);
  int sum = 0;
  for (int i = 0; i < (BAD ? 4097 : 4096); i++) {
    sum += bytes[i]; // BUG
  }
  printf("%d\n", sum >= 4096);
  free(page);
  return 0;
}
