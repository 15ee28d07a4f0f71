/* case: kind=null-pointer access=read
 * strdup of a name that was not found. CWE-690. */
#include "case.h"

static NOINLINE const char *name_of(int color) {
  static const char *const names[] = {"red", "green", "blue"};
  return color >= 0 && color < 3 ? names[color] : NULL;
}

int main(void) {
  char *copy = strdup(opaque(name_of(BAD ? 5 : 1))); // BUG
  puts(copy);
  free(copy);
  return 0;
}
