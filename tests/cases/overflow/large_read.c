/* case: kind=heap-buffer-overflow access=read bytes=8 offset=4000000 object=4000000
 * The last step of a walk over four million bytes. */
#include "case.h"

int main(void) {
  size_t count = opaque_size(500000);
  long *numbers = malloc(count * sizeof *numbers); // ALLOC
  for (size_t i = 0; i < count; i++) {
    numbers[i] = (long)i;
  }
  long above = 0;
  for (size_t i = 1; i < count + (BAD ? 1 : 0); i++) {
    above += ((const volatile long *)numbers)[i] > 7; // BUG
  }
  printf("%d\n", above > 400000);
  free(numbers);
  return 0;
}
