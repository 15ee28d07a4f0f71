/* case: kind=stack-overflow
 * Two functions call each other for ever. */
#include "case.h"

static NOINLINE int is_odd(long number);
static NOINLINE int is_even(long number) {
  volatile char scratch[100];
  scratch[0] = 1;                                                        // BUG
  return number == 0 ? scratch[0] : is_odd(number - 1) + scratch[0] - 1; // BUG
}
static NOINLINE int is_odd(long number) {
  volatile char scratch[100];
  scratch[0] = 0;                                                     // BUG
  return number == 0 ? scratch[0] : is_even(number - 1) + scratch[0]; // BUG
}

int main(void) {
  printf("%d\n", is_even((long)opaque_size(BAD ? -2L : 10)));
  return 0;
}
