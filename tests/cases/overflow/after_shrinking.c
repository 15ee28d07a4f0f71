/* case: kind=heap-buffer-overflow access=write bytes=1 offset=99 object=64
 * A buffer was made smaller, but the old length is still used. */
#include "case.h"

int main(void) {
  char *text = malloc(100);
  memset(text, 'a', 100);
  text = realloc(opaque(text), 64); // ALLOC
  text = opaque(text);
  size_t last = opaque_size(BAD ? 99 : 63);
  *(volatile char *)&text[last] = 0; // BUG
  printf("%c\n", text[10]);
  free(text);
  return 0;
}
