/* case: kind=overlapping-copy call=strcpy
 * Leading blanks are removed by copying a text onto itself. */
#include "case.h"

int main(void) {
  char *text = strdup(opaque("   three blanks in front"));
  text = opaque(text);
  if (BAD) {
    strcpy(text, text + 3); // BUG
  } else {
    memmove(text, text + 3, strlen(text + 3) + 1);
  }
  printf("%d\n", text[0] == 'q');
  free(text);
  return 0;
}
