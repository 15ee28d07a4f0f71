/* case: kind=heap-buffer-overflow access=write object=8 call=strcpy variants=-O0,-O2 build=-fno-builtin-strcpy
 * The copy of a name has no room for the byte that ends it. */
#include "case.h"

static NOINLINE char *copy_name(const char *name) {
  char *copy = (char *)malloc(strlen(name) + (BAD ? 0 : 1)); // ALLOC
  strcpy(copy, name);                                        // BUG
  return copy;
}

int main(void) {
  char *copy = copy_name((const char *)opaque("Wendland"));
  printf("%.8s\n", copy);
  free(copy);
  return 0;
}
