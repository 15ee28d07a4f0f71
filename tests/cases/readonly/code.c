/* case: kind=write-to-readonly access=write bytes=1
 * A store goes into the program's code. */
#include "case.h"

static NOINLINE int victim(int value) {
  return value * 3;
}

int main(void) {
  static char patch[16];
  char *at = opaque(BAD ? (void *)victim : patch);
  *(volatile char *)at = 0; // BUG
  printf("%d\n", victim(2));
  return 0;
}
