/* The clean twin of leak.c: who makes the copy gives it back. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shout(const char *text) {
  char *copy = strdup(text);
  if (copy == NULL)
    return;
  for (char *at = copy; *at != '\0'; at++)
    *at = (char)toupper((unsigned char)*at);
  puts(copy);
  free(copy);
}

int main(void) {
  shout("who is there?");
  shout("answer!");
  shout("now!");
  return 0;
}
