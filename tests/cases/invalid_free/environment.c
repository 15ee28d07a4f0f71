/* case: kind=invalid-free
 * What getenv gives is not the caller's. */
#include "case.h"

int main(int count, char **arguments) {
  char *value = arguments[count - 1];
  char *mine = BAD ? value : strdup(value);
  printf("%d\n", mine[0] != 0);
  free(opaque(mine)); // BUG
  return 0;
}
