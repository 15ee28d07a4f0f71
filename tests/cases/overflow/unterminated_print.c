/* case: kind=heap-buffer-overflow access=read object=8 call=printf variants=-O2+-D_FORTIFY_SOURCE=2
 * strncpy leaves no end where the name is as long as the field. */
#include "case.h"

int main(void) {
  char *field = malloc(BAD ? 8 : 9); // ALLOC
  strncpy(opaque(field), "Barbara!", BAD ? 8 : 9);
  printf("hello %s\n", (char *)opaque(field)); // BUG
  free(field);
  return 0;
}
