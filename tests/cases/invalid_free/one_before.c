/* case: kind=invalid-free object=32
 * A pointer from before the object: the index base was one. */
#include "case.h"

int main(void) {
  int *block = malloc(32); // ALLOC
  int *from_one = (int *)opaque(block) - 1;
  from_one[1] = 5;
  printf("%d\n", block[0]);
  free(BAD ? from_one : from_one + 1); // BUG
  if (BAD) {
    free(block);
  }
  return 0;
}
