/* case: kind=heap-buffer-underflow access=write bytes=8 offset=-8 object=80
 * A signed index goes below zero. */
#include "case.h"

int main() {
  double *levels = new double[10]; // ALLOC
  for (int i = 0; i < 10; i++) {
    levels[i] = 0.5;
  }
  long lowest = BAD ? -1 : 0;
  static_cast<volatile double *>(opaque(levels))[lowest] = 1.0; // BUG
  printf("%.1f\n", levels[5]);
  delete[] levels;
}
