/* case: kind=null-pointer access=write bytes=4
 * The place for a result is NULL. */
#include "case.h"

static NOINLINE void compute(int *result) {
  *(volatile int *)result = 42; // BUG
}

int main(void) {
  int result = 0;
  compute(BAD ? opaque(NULL) : &result);
  printf("%d\n", result);
  return 0;
}
