/* case: kind=heap-buffer-overflow access=write object=8 call=sscanf
 * %s has no width: the word is longer than its buffer. */
#include "case.h"

int main(void) {
  const char *text = opaque(BAD ? "incomprehensibilities 4" : "short 4");
  int number = 0;
  char *word = malloc(8);                           // ALLOC
  int found = sscanf(text, "%s %d", word, &number); // BUG
  printf("%d %d\n", found, number);
  free(word);
  return 0;
}
