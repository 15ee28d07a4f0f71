/* case: kind=heap-buffer-overflow access=write bytes=1 offset=6 object=6
 * strdup's room is for what it copied; there is none for a suffix. */
#include "case.h"

int main(void) {
  char *plural = strdup(opaque(BAD ? "mouse" : "mouse.")); // ALLOC
  volatile char *at = opaque(plural);
  at[5] = 's';
  at[6] = 0; // BUG
  printf("%.5s\n", plural);
  free(plural);
  return 0;
}
