/* case: kind=double-free object=40 variants=-O0,-O2 build=-fno-optimize-sibling-calls
 * Both the callee and the caller give the object back. */
#include "case.h"

static NOINLINE void consume(char *message) {
  free(message); // FREE
}

int main(void) {
  char *message = malloc(40); // ALLOC
  char *alias = opaque(message);
  consume(message);
  if (BAD) {
    free(alias); // BUG
  }
  puts("done");
  return 0;
}
