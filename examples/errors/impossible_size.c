/* impossible-size: the length of what lies between two places, taken the wrong way round, is negative. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *between(const char *start, const char *end) {
  size_t length = (size_t)(end - start);
  char *copy = malloc(length + 1);
  if (copy == NULL)
    return NULL;
  memcpy(copy, start, length);
  copy[length] = '\0';
  return copy;
}

int main(void) {
  const char *text = "see (the note) below";
  char *note = between(strchr(text, ')'), strchr(text, '(') + 1);
  puts(note != NULL ? note : "no memory?");
  free(note);
  return 0;
}
