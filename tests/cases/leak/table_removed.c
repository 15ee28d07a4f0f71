/* case: kind=leak direct=240 count=10
 * A table of pointers is cleared, not what it points to. */
#include "case.h"

static void *table[10];

int main(void) {
  for (int i = 0; i < 10; i++) {
    table[i] = calloc(1, 24); // ALLOC
  }
  for (int i = 0; i < 10 && !BAD; i++) {
    free(table[i]);
  }
  memset(opaque(table), 0, sizeof table);
  puts("done");
  return 0;
}
