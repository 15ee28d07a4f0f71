/* case: kind=heap-buffer-overflow access=read object=16 call=strlen variants=-O2
 * The bytes of a field fill it: there is no end for strlen to find. CWE-126. */
#include "case.h"

int main(void) {
  char *field = malloc(16); // ALLOC
  memset(field, 'f', 16);
  field[BAD ? 14 : 15] = BAD ? 'f' : 0;
  size_t length = strlen(opaque(field)); // BUG
  printf("%d\n", length >= 15);
  free(field);
  return 0;
}
