/* case: kind=heap-buffer-underflow access=read bytes=1 offset=-1 object=9
 * The last slash of a name without one is looked for backwards. CWE-127. */
#include "case.h"

int main(void) {
  char *path = strdup(opaque(BAD ? "filename" : "file/ame")); // ALLOC
  const volatile char *at = path + 8;
  while (at >= path - 1 && *at != '/') { // BUG
    at--;
  }
  printf("%d\n", at == path);
  free(path);
  return 0;
}
