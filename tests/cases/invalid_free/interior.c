/* case: kind=invalid-free object=100
 * The pointer was moved along while the buffer was read. CWE-761. */
#include "case.h"

int main(void) {
  char *text = malloc(100); // ALLOC
  strcpy(text, "    indented");
  char *at = opaque(text);
  while (*at == ' ') {
    at++;
  }
  puts(at);
  free(BAD ? at : text); // BUG
  if (BAD) {
    free(text);
  }
  return 0;
}
