/* case: kind=heap-buffer-overflow access=write object=24 late=yes
 * Sixty thousand objects live at once: not each of them can have pages of its own. Noticed when it is freed, at the
 * latest. */
#include "case.h"

enum { COUNT = 60000 };
static char *objects[COUNT];

int main(void) {
  for (int i = 0; i < COUNT; i++) {
    objects[i] = malloc(24); // ALLOC
    memset(objects[i], i, 24);
  }
  for (int i = 0; i < COUNT; i += 100) {
    ((volatile char *)opaque(objects[i]))[BAD && i > COUNT / 2 ? 24 : 23] = 1; // BUG
  }
  long sum = 0;
  for (int i = 0; i < COUNT; i++) {
    sum += objects[i][3];
    free(objects[i]); // LATE
  }
  printf("%d\n", sum != 0);
  return 0;
}
