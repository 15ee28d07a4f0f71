/* case: kind=uninitialized-read object=100 call=strcat
 * strcat looks for the end of a text that has none yet. */
#include "case.h"

int main(void) {
  char *text = malloc(100); // ALLOC
  text = opaque(text);
  text[40] = 0;
  if (!BAD) {
    text[0] = 0;
  }
  strcat(text, opaque("appended")); // BUG
  printf("%d\n", text[99] == 5 && BAD);
  free(text);
  return 0;
}
