/* case: kind=wild-pointer access=read bytes=1
 * A mapped file is looked at after munmap. */
#include "case.h"
#include <sys/mman.h>

int main(void) {
  char *view = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  view[5000] = 'v';
  if (BAD) {
    munmap(view, 1 << 20);
  }
  char value = ((volatile char *)opaque(view))[5000]; // BUG
  printf("%c\n", value);
  munmap(view, 1 << 20);
  return 0;
}
