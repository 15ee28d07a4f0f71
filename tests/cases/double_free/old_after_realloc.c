/* case: kind=double-free object=16
 * realloc moved the object; the old pointer is freed besides the new one. */
#include "case.h"

int main(void) {
  char *text = malloc(16); // ALLOC
  void *barrier = malloc(16);
  char *old = opaque(text);
  char *grown = realloc(text, 200000); // FREE
  free(grown);
  if (BAD) {
    free(old); // BUG
  }
  free(barrier);
  puts("done");
  return 0;
}
