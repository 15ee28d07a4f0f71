/* case: kind=impossible-size
 * A length of -1 says that something failed; it is allocated all the same. */
#include "case.h"

static NOINLINE long text_length(const char *text) {
  return text == NULL ? -1 : (long)strlen(text);
}

int main(void) {
  long length = text_length(opaque(BAD ? NULL : "text"));
  char *copy = opaque(malloc((size_t)length)); // BUG
  puts(copy != NULL ? "copied" : "refused");
  free(copy);
  return 0;
}
