/* case: kind=uninitialized-read object=32 call=memcmp
 * Two keys are compared; one was only allocated. */
#include "case.h"

int main(void) {
  static const char none[32];
  char *key = BAD ? malloc(32) : calloc(1, 32);           // ALLOC
  int order = memcmp(opaque(key), none, opaque_size(32)); // BUG
  printf("%d\n", order == 1000);
  free(key);
  return 0;
}
