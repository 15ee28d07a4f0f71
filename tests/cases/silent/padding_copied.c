/* case: kind=none
 * A struct with padding is copied, sent through a pipe and written to a file: the padding was never written, and that is
 * no error. */
#include "case.h"

struct padded {
  char kind;
  long value;
  short tail;
};

int main(void) {
  struct padded *first = malloc(sizeof *first), *second = malloc(sizeof *second), third;
  int ends[2];
  first = opaque(first);
  first->kind = 'k';
  first->value = 12;
  first->tail = 3;
  memcpy(opaque(second), first, opaque_size(sizeof *second));
  if (pipe(ends) != 0 || write(ends[1], second, sizeof *second) != sizeof *second ||
      read(ends[0], &third, sizeof third) != sizeof third) {
    return 1;
  }
  *first = *(struct padded *)opaque(&third);
  printf("%c %ld %d\n", first->kind, first->value, second->tail);
  free(first);
  free(second);
  return 0;
}
