/* case: kind=heap-buffer-overflow access=write bytes=4 offset=80 object=80
 * The array grows by elements, but the check counts the new one too late. */
#include "case.h"

int main(void) {
  size_t room = 5, count = 0;
  int *items = malloc(room * sizeof *items);
  for (int i = 0; i < 21; i++) {
    if (count == room && (room < 20 || !BAD)) {
      room *= 2;
      items = realloc(items, room * sizeof *items); // ALLOC
    }
    ((volatile int *)opaque(items))[count++] = i; // BUG
  }
  printf("%d\n", items[19]);
  free(items);
  return 0;
}
