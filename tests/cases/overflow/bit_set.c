/* case: kind=heap-buffer-overflow bytes=8 offset=16 object=16
 * Bits are rounded down to words. */
#include "case.h"

int main(void) {
  size_t bits = opaque_size(130);
  size_t words = BAD ? bits / 64 : (bits + 63) / 64;
  uint64_t *set = calloc(words, sizeof *set);                              // ALLOC
  ((volatile uint64_t *)opaque(set))[129 / 64] |= (uint64_t)1 << 129 % 64; // BUG
  printf("%d\n", set[0] == 0);
  free(set);
  return 0;
}
