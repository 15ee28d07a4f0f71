/* case: kind=stack-overflow variants=-O0
 * The recursion has no end. */
#include "case.h"

static NOINLINE long depth(long level) {
  volatile char frame[256]; // BUG
  frame[0] = (char)level;   // BUG
  if (!BAD && level > 100) {
    return level;
  }
  return depth(level + 1) + frame[0] * 0; // BUG
}

int main(void) {
  printf("%ld\n", depth((long)opaque_size(0)));
  return 0;
}
