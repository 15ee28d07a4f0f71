/* The clean twin of underflow.c: it asks first, and looks then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char *path = strdup("readme");
  if (path == NULL)
    return 1;
  char *at = path + strlen(path);
  while (at > path && at[-1] != '/')
    at--;
  printf("%s\n", at);
  free(path);
  return 0;
}
