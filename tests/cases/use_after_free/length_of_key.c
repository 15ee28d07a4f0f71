/* case: kind=heap-use-after-free access=read object=11 call=strlen
 * The length of a key whose entry was removed. */
#include "case.h"

int main(void) {
  char *key = strdup(opaque("a long key")); // ALLOC
  const char *alias = opaque(key);
  size_t length = strlen(alias);
  free(key); // FREE
  if (BAD) {
    length = strlen(alias); // BUG
  }
  printf("%d\n", length < 100);
  return 0;
}
