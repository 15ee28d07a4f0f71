/* case: kind=heap-use-after-free access=read bytes=1 offset=3 object=10
 * realloc to no bytes at all frees the object. */
#include "case.h"

int main(void) {
  char *text = strdup(opaque("something")); // ALLOC
  const volatile char *alias = opaque(text);
  int value = alias[3];
  if (BAD) {
    text = realloc(text, opaque_size(0)); // FREE
  }
  value += alias[3]; // BUG
  if (!BAD) {
    free(text);
  }
  printf("%d\n", value == 1);
  return 0;
}
