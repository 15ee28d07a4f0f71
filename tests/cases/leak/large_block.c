/* case: kind=leak direct=5000000 count=1
 * Five million bytes, lost. */
#include "case.h"

static NOINLINE int use(void) {
  char *block = malloc(5000000); // ALLOC
  ((volatile char *)opaque(block))[4999999] = 1;
  if (!BAD) {
    free(block);
  }
  return 1;
}

int main(void) {
  printf("%d\n", use());
  clear_stack();
  return 0;
}
