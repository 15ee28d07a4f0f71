/* case: kind=uninitialized-read object=64 call=strlen
 * strlen of a buffer that was never written. */
#include "case.h"

int main(void) {
  char *text = malloc(64); // ALLOC
  text = opaque(text);
  text[63] = 0;
  if (!BAD) {
    text[0] = 0;
  }
  size_t length = strlen(text); // BUG
  printf("%d\n", length == 1000);
  free(text);
  return 0;
}
