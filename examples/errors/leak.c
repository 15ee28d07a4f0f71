/* leak: the function forgets its copy; when it returns, nothing points to the memory any more. */
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
} /* nobody can free `copy` now */

int main(void) {
  shout("who is there?");
  shout("answer!");
  shout("now!");
  return 0;
}
