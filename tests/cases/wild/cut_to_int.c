/* case: kind=wild-pointer access=read
 * A pointer was kept in an int: its upper half is gone. */
#include "case.h"

int main(void) {
  int local = 5;
  uintptr_t kept = (uintptr_t)opaque(&local);
  if (BAD) {
    kept = (uint32_t)kept;
  }
  int value = *(volatile int *)kept; // BUG
  printf("%d\n", value);
  return 0;
}
