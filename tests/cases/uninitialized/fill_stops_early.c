/* case: kind=uninitialized-read bytes=2 offset=18 object=20
 * The loop that fills leaves out the last element. */
#include "case.h"

int main(void) {
  short *levels = malloc(10 * sizeof *levels); // ALLOC
  volatile short *at = opaque(levels);
  for (int i = 0; i < (BAD ? 9 : 10); i++) {
    at[i] = (short)i;
  }
  int highest = 0;
  for (int i = 0; i < 10; i++) {
    short level = at[i]; // BUG
    highest = level > highest ? level : highest;
  }
  printf("%d\n", highest > 0);
  free(levels);
  return 0;
}
