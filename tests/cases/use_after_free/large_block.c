/* case: kind=heap-use-after-free access=read bytes=1 offset=500000 object=1048576
 * A large block goes back to the system at once: its address is dead. */
#include "case.h"

int main(void) {
  char *block = calloc(1048576, 1); // ALLOC
  const volatile char *alias = opaque(block);
  int value = alias[500000];
  if (BAD) {
    free(block); // FREE
  }
  value += alias[500000]; // BUG
  if (!BAD) {
    free(block);
  }
  printf("%d\n", value == 99);
  return 0;
}
