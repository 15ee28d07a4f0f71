/* case: kind=heap-buffer-overflow access=read object=12 call=memcmp
 * Keys of 12 bytes are compared as if they had 16. CWE-126. */
#include "case.h"

int main(void) {
  char *key = malloc(12), other[16] = "abcdefghijkl"; // ALLOC
  memcpy(key, "abcdefghijkl", 12);
  int order = memcmp(opaque(key), other, opaque_size(BAD ? 16 : 12)); // BUG
  printf("%d\n", order == 1000);
  free(key);
  return 0;
}
