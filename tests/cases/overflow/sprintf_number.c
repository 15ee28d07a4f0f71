/* case: kind=heap-buffer-overflow access=write object=10 call=sprintf variants=-O2,-O2+-D_FORTIFY_SOURCE=2
 * Ten bytes hold most numbers of 32 bits, but not the smallest. */
#include "case.h"

static NOINLINE char *as_text(int number, size_t room) {
  char *text = malloc(opaque_size(room)); // ALLOC
  sprintf(text, "%d", number);            // BUG
  return text;
}

int main(void) {
  char *text = as_text(-2147483647, BAD ? 10 : 12);
  printf("%.4s\n", text);
  free(text);
  return 0;
}
