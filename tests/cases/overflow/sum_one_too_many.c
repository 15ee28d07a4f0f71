/* case: kind=heap-buffer-overflow access=read bytes=8 offset=800 object=800
 * The sum of a hundred numbers takes one more. CWE-126. */
#include "case.h"

static NOINLINE double sum(const double *values, size_t count) {
  double total = 0;
  for (size_t i = 0; i < count; i++) {
    total += *(const volatile double *)&values[i]; // BUG
  }
  return total;
}

int main(void) {
  double *values = malloc(100 * sizeof *values); // ALLOC
  for (int i = 0; i < 100; i++) {
    values[i] = i;
  }
  double total = sum(opaque(values), BAD ? 101 : 100);
  printf("%d\n", total >= 4950);
  free(values);
  return 0;
}
