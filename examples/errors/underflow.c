/* heap-buffer-underflow: a search backwards does not stop at the start of the text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *path = strdup("readme");
  if (path == NULL)
    return 1;
  char *at = path + strlen(path) - 1;
  while (*at != '/' && at >= path) /* looks first, asks then */
    at--;
  printf("%s\n", at + 1);
  free(path);
  return 0;
}
