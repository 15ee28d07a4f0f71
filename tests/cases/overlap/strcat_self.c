/* case: kind=overlapping-copy call=strcat
 * A text is appended to its own head: the end that is looked for moves away. */
#include "case.h"

int main(void) {
  char *text = calloc(100, 1);
  strcpy(text, "twice");
  text = opaque(text);
  if (BAD) {
    strcat(text, text + 2); // BUG
  } else {
    strcat(text, opaque("ice"));
  }
  printf("%d\n", text[99]);
  free(text);
  return 0;
}
