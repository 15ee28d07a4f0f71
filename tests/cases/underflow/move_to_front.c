/* case: kind=heap-buffer-underflow access=write object=32 call=memmove
 * A text is moved two to the left, beyond its own start. */
#include "case.h"

int main(void) {
  char *text = malloc(32); // ALLOC
  memset(text, 'x', 32);
  memmove((char *)opaque(text) - (BAD ? 2 : 0), text + 2, opaque_size(20)); // BUG
  printf("%c\n", text[4]);
  free(text);
  return 0;
}
