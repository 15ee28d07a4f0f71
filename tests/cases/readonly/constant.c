/* case: kind=write-to-readonly access=write bytes=4
 * A cast takes the const away, but not from the memory. */
#include "case.h"

static const int limits[4] = {10, 20, 30, 40};
static int own[4] = {10, 20, 30, 40};

int main(void) {
  int *at = opaque(BAD ? (int *)limits : own);
  *(volatile int *)&at[2] = 35; // BUG
  printf("%d\n", at[2]);
  return 0;
}
