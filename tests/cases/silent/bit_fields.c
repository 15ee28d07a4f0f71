/* case: kind=none
 * Bits of one word are set one after the other: each step reads and writes the whole word. */
#include "case.h"

struct flags {
  unsigned open : 1, dirty : 1, level : 6, users : 24;
};

int main(void) {
  struct flags *flags = malloc(sizeof *flags);
  flags = opaque(flags);
  flags->open = 1;
  flags->dirty = 0;
  flags->level = 33;
  flags->users = 70000;
  struct flags *same = opaque(flags);
  printf("%u %u %u %u\n", same->open, same->dirty, same->level, same->users);
  free(flags);
  return 0;
}
