/* case: kind=heap-buffer-underflow access=read bytes=1 offset=-1 object=4
 * Trailing blanks are cut off; the text is nothing but blanks. CWE-127. */
#include "case.h"

static NOINLINE void trim(char *text) {
  char *end = text + strlen(text);
  while ((BAD || end > text) && *(volatile char *)(end - 1) == ' ') { // BUG
    *--end = 0;
    if (BAD && end < text) {
      break;
    }
  }
}

int main(void) {
  char *text = malloc(4); // ALLOC
  strcpy(text, "   ");
  trim(opaque(text));
  printf("[%s]\n", text);
  free(text);
  return 0;
}
