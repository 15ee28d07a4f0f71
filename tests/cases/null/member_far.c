/* case: kind=null-pointer access=write bytes=1
 * A member far from the start of a struct that isn't there: the address is not zero, but still near. */
#include "case.h"

struct page {
  char head[2000];
  char flag;
};

int main(void) {
  struct page *page = BAD ? opaque(NULL) : calloc(1, sizeof *page);
  *(volatile char *)&page->flag = 1; // BUG
  puts("done");
  free(page);
  return 0;
}
