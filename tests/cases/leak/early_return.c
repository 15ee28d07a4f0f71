/* case: kind=leak direct=256 count=1
 * A function returns before its cleanup when the input is bad. */
#include "case.h"

static NOINLINE int parse(const char *text) {
  char *copy = malloc(256); // ALLOC
  strcpy(opaque(copy), text);
  if (copy[0] == '#') {
    if (!BAD) {
      free(copy);
    }
    return 0;
  }
  int length = (int)strlen(copy);
  free(copy);
  return length;
}

int main(void) {
  int total = parse("text") + parse("# comment");
  clear_stack();
  printf("%d\n", total);
  return 0;
}
