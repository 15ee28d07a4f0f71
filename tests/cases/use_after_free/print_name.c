/* case: kind=heap-use-after-free access=read object=14 call=printf variants=-O2+-D_FORTIFY_SOURCE=2
 * A message about what was freed names it. */
#include "case.h"

int main(void) {
  char *name = strdup(opaque("configuration")); // ALLOC
  const char *alias = opaque(name);
  if (BAD) {
    free(name); // FREE
  }
  printf("freed %s\n", alias); // BUG
  if (!BAD) {
    free(name);
  }
  return 0;
}
