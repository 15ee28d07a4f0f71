/* case: kind=leak direct=3200 count=50
 * Fifty times the same: one report, with the sum. */
#include "case.h"

static NOINLINE void step(int number) {
  char *line = malloc(64); // ALLOC
  snprintf(opaque(line), 64, "line %d", number);
  if (!BAD) {
    free(line);
  }
}

int main(void) {
  for (int i = 0; i < 50; i++) {
    step(i);
  }
  clear_stack();
  puts("done");
  return 0;
}
