/* overlapping-copy: strcpy may not copy a text onto a part of itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *text = strdup("   three blanks in front of a text");
  if (text == NULL)
    return 1;
  strcpy(text, text + 3);
  puts(text);
  free(text);
  return 0;
}
