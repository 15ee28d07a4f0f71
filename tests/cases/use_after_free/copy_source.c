/* case: kind=heap-use-after-free access=read object=64 call=memcpy
 * What is saved was freed before. */
#include "case.h"

int main(void) {
  char saved[64];
  char *state = calloc(64, 1); // ALLOC
  const char *source = opaque(state);
  if (BAD) {
    free(state); // FREE
  }
  memcpy(saved, source, opaque_size(64)); // BUG
  if (!BAD) {
    free(state);
  }
  printf("%d\n", saved[3] == 99);
  return 0;
}
