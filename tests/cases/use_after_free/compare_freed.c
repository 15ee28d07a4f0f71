/* case: kind=heap-use-after-free access=read object=6 call=strcmp
 * A name is compared with one that was removed from the table. */
#include "case.h"

int main(void) {
  char *table[2] = {strdup(opaque("first")), strdup(opaque("other"))}; // ALLOC
  int same = strcmp(table[0], table[1]);
  char *stale = opaque(table[1]);
  free(table[1]); // FREE
  if (BAD) {
    same += strcmp(table[0], stale); // BUG
  }
  printf("%d\n", same == 12345);
  free(table[0]);
  return 0;
}
