/* The clean twin of invalid_free.c: one pointer reads, another remembers the start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *line = strdup("   indented");
  if (line == NULL)
    return 1;
  const char *text = line;
  while (*text == ' ')
    text++;
  puts(text);
  free(line);
  return 0;
}
