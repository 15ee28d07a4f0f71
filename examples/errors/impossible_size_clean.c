/* The clean twin of impossible_size.c: the end comes after the start. */
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
  char *note = between(strchr(text, '(') + 1, strchr(text, ')'));
  puts(note != NULL ? note : "no memory?");
  free(note);
  return 0;
}
