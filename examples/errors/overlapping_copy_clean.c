/* The clean twin of overlapping_copy.c: memmove may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *text = strdup("   three blanks in front of a text");
  if (text == NULL)
    return 1;
  memmove(text, text + 3, strlen(text + 3) + 1);
  puts(text);
  free(text);
  return 0;
}
