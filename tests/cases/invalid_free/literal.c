/* case: kind=invalid-free
 * A string literal is freed. */
#include "case.h"

int main(void) {
  char *unit = BAD ? (char *)"metres" : strdup("metres");
  puts(unit);
  free(opaque(unit)); // BUG
  return 0;
}
