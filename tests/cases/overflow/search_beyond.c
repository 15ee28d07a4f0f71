/* case: kind=heap-buffer-overflow access=read object=50 call=memchr
 * What is searched for isn't there, and the search goes on behind the end. CWE-126. */
#include "case.h"

int main(void) {
  char *text = malloc(50); // ALLOC
  memset(text, 't', 50);
  const char *found = memchr(opaque(text), '\n', opaque_size(BAD ? 80 : 50)); // BUG
  printf("%d\n", found == text);
  free(text);
  return 0;
}
