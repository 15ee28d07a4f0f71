/* invalid-free: the pointer was moved on while the text was read, and is freed where it stands now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *line = strdup("   indented");
  if (line == NULL)
    return 1;
  while (*line == ' ')
    line++;
  puts(line);
  free(line); /* three bytes behind what strdup returned */
  return 0;
}
