/* case: kind=heap-buffer-overflow access=write object=40 call=memmove
 * An element is inserted in front of a full array. */
#include "case.h"

int main(void) {
  size_t room = 10, count = opaque_size(BAD ? 10 : 9);
  int *items = calloc(room, sizeof *items); // ALLOC
  items = opaque(items);
  memmove(items + 1, items, count * sizeof *items); // BUG
  items[0] = 42;
  printf("%d\n", items[0]);
  free(items);
  return 0;
}
