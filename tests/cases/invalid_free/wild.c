/* case: kind=invalid-free
 * What is freed was never a pointer. */
#include "case.h"

int main(void) {
  uintptr_t number = opaque_size(0x1234567890);
  void *object = BAD ? (void *)number : malloc(8);
  free(object); // BUG
  puts("done");
  return 0;
}
