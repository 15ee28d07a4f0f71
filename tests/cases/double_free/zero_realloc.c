/* case: kind=double-free object=20
 * realloc to no bytes has freed it, free frees it again. */
#include "case.h"

int main(void) {
  char *text = malloc(20); // ALLOC
  char *alias = opaque(text);
  char *none = realloc(text, opaque_size(0)); // FREE
  free(none);
  if (BAD) {
    free(alias); // BUG
  }
  puts("done");
  return 0;
}
