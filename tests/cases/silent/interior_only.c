/* case: kind=none
 * The only pointer to a block leads into its middle, as in allocators that put a header in front. */
#include "case.h"

static long *body;

int main(void) {
  long *block = calloc(10, sizeof *block);
  body = block + 2;
  body[0] = 5;
  printf("%ld\n", body[0]);
  return 0;
}
