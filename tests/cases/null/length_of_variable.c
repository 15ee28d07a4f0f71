/* case: kind=null-pointer access=read call=strlen
 * getenv gives NULL for what is not set, and libc is not told to expect it. CWE-690. */
#include "case.h"

int main(void) {
  setenv("FREEHOLD_CASE_SET", "yes", 1);
  const char *value = getenv(opaque(BAD ? "FREEHOLD_CASE_NOT_SET" : "FREEHOLD_CASE_SET"));
  size_t length = strlen(opaque(value)); // BUG
  printf("%zu\n", length);
  return 0;
}
