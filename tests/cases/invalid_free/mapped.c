/* case: kind=invalid-free
 * Memory of mmap goes back by munmap, not by free. */
#include "case.h"
#include <sys/mman.h>

int main(void) {
  void *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(pages, 1, 8192);
  if (BAD) {
    free(opaque((char *)pages + 64)); // BUG
  } else {
    munmap(pages, 8192);
  }
  puts("done");
  return 0;
}
