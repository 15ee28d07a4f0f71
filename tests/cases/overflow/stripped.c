/* case: kind=heap-buffer-overflow access=write bytes=1 offset=21 object=21 strip=yes build=-O2
 * A program without symbols: still found, and told by module and offset. */
#include "case.h"

int main(void) {
  char *text = malloc(21);
  memset(text, 'a', 21);
  ((volatile char *)opaque(text))[BAD ? 21 : 20] = 0;
  printf("%.3s\n", text);
  free(text);
  return 0;
}
