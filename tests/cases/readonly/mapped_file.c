/* case: kind=write-to-readonly access=write bytes=1
 * A mapping that was made for reading is written. */
#include "case.h"
#include <sys/mman.h>

int main(void) {
  int protection = PROT_READ | (BAD ? 0 : PROT_WRITE);
  char *view = mmap(NULL, 8192, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ((volatile char *)opaque(view))[100] = 1; // BUG
  printf("%d\n", view[100]);
  munmap(view, 8192);
  return 0;
}
