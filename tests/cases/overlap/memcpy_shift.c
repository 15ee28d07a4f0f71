/* case: kind=overlapping-copy object=64 call=memcpy
 * Elements are moved by one place with memcpy. */
#include "case.h"

int main(void) {
  char *items = calloc(64, 1); // ALLOC
  items = opaque(items);
  if (BAD) {
    memcpy(items + 4, items, opaque_size(40)); // BUG
  } else {
    memmove(items + 4, items, opaque_size(40));
  }
  printf("%d\n", items[63]);
  free(items);
  return 0;
}
