/* case: kind=invalid-free object=64
 * realloc of a pointer into the middle. CWE-761. */
#include "case.h"

int main(void) {
  char *buffer = malloc(64); // ALLOC
  char *at = opaque(buffer);
  char *grown = realloc(at + (BAD ? 16 : 0), 128); // BUG
  if (BAD) {
    _exit(0);
  }
  free(grown);
  puts("done");
  return 0;
}
