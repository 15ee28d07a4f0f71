/* case: kind=invalid-free
 * A table of handlers is freed as if it held data. */
#include "case.h"

static int handler(int value) {
  return value + 1;
}

int main(void) {
  int (*volatile call)(int) = handler;
  void *entry = BAD ? (void *)call : malloc(8);
  printf("%d\n", call(1));
  free(opaque(entry)); // BUG
  return 0;
}
