/* case: kind=invalid-free
 * The default of a setting is no object of the heap. */
#include "case.h"

static char default_name[] = "default";

int main(void) {
  char *name = BAD ? default_name : strdup("default");
  puts(name);
  free(opaque(name)); // BUG
  return 0;
}
