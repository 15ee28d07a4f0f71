/* case: kind=wild-pointer access=write
 * A pointer was never set: it holds what was on the stack before, here a number. */
#include "case.h"

static NOINLINE void leave_numbers(void) {
  volatile uintptr_t numbers[64];
  for (int i = 0; i < 64; i++) {
    numbers[i] = 0x100000000 + i * 4096;
  }
}
static NOINLINE void use(int *good) {
  int *volatile pointers[32];
  if (!BAD) {
    pointers[16] = good;
  }
  *(volatile int *)pointers[16] = 1; // BUG
}

int main(void) {
  int good = 0;
  leave_numbers();
  use(&good);
  puts("done");
  return 0;
}
