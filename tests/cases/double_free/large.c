/* case: kind=double-free object=3000000
 * Three million bytes, given back twice. */
#include "case.h"

int main(void) {
  char *block = malloc(3000000); // ALLOC
  char *alias = opaque(block);
  alias[0] = 1;
  free(block); // FREE
  if (BAD) {
    free(alias); // BUG
  }
  puts("done");
  return 0;
}
