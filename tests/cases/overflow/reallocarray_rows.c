/* case: kind=heap-buffer-overflow access=write bytes=8 offset=64 object=64
 * A table of rows is grown to eight, the ninth is used. */
#include "case.h"

int main(void) {
  char **rows = reallocarray(NULL, 4, sizeof *rows);
  rows = reallocarray(opaque(rows), 8, sizeof *rows); // ALLOC
  for (int i = 0; i < (BAD ? 9 : 8); i++) {
    ((char *volatile *)rows)[i] = "row"; // BUG
  }
  printf("%s\n", rows[7]);
  free(rows);
  return 0;
}
