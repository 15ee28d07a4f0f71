/* case: kind=leak
 * Two objects hold each other, and nobody holds them. */
#include "case.h"

struct peer {
  struct peer *other;
  char name[40];
};

static NOINLINE void meet(void) {
  struct peer *first = calloc(1, sizeof *first);   // ALLOC
  struct peer *second = calloc(1, sizeof *second); // ALLOC
  first->other = opaque(second);
  second->other = opaque(first);
  if (!BAD) {
    free(first);
    free(second);
  }
}

int main(void) {
  meet();
  clear_stack();
  puts("done");
  return 0;
}
