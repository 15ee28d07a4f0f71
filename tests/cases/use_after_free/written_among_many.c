/* case: kind=heap-use-after-free access=write object=32 late=yes
 * Sixty thousand objects; one is written after its free. Found by what the write left behind, at the latest. */
#include "case.h"

enum { COUNT = 60000 };
static char *objects[COUNT];

int main(void) {
  for (int i = 0; i < COUNT; i++) {
    objects[i] = malloc(32); // ALLOC
    memset(objects[i], i, 32);
  }
  for (int i = 0; i < COUNT; i++) {
    if (i == 50000 && BAD) {
      ((volatile char *)opaque(objects[40000]))[8] = 1; // BUG
    }
    free(objects[i]); // FREE
  }
  for (int i = 0; i < COUNT; i++) {
    free(opaque(malloc(32)));
  }
  puts("done");
  return 0;
}
