/* case: kind=heap-buffer-overflow access=write bytes=8 offset=24 object=24
 * A list of words for exec has no place for the NULL at its end. */
#include "case.h"

int main(void) {
  size_t count = opaque_size(3);
  char *volatile *words = malloc((count + (BAD ? 0 : 1)) * sizeof *words); // ALLOC
  for (size_t i = 0; i < count; i++) {
    words[i] = "word";
  }
  words[count] = NULL; // BUG
  printf("%s\n", words[2]);
  free((void *)words);
  return 0;
}
