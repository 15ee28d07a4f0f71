/* case: kind=heap-buffer-overflow access=write object=16 call=strncat
 * strncat wants the room that is left, not the whole. */
#include "case.h"

int main(void) {
  char *text = malloc(16); // ALLOC
  strcpy(text, "0123456789");
  strncat(opaque(text), opaque("abcdefghijklmno"), opaque_size(BAD ? 16 : 5)); // BUG
  printf("%.12s\n", text);
  free(text);
  return 0;
}
