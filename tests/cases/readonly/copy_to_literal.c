/* case: kind=write-to-readonly access=write call=memcpy
 * A name is copied over a default that stands in read-only memory. */
#include "case.h"

int main(void) {
  static char room[16];
  char *name = BAD ? (char *)"anonymous......" : room;
  memcpy(opaque(name), opaque("somebody"), opaque_size(9)); // BUG
  puts(name);
  return 0;
}
