/* case: kind=leak direct=100 count=1 variants=-O0,-O2
 * A copy is made for a call, and nobody gives it back. */
#include "case.h"

static NOINLINE size_t measure(const char *text) {
  char *copy = malloc(100); // ALLOC
  strcpy(opaque(copy), text);
  size_t length = strlen(copy);
  if (!BAD) {
    free(copy);
  }
  return length;
}

int main(void) {
  size_t length = measure(opaque("measured"));
  printf("%zu\n", length);
  clear_stack();
  return 0;
}
