/* case: kind=heap-buffer-overflow access=write bytes=4 offset=192 object=192
 * An object aligned to a cache line, written behind its end. */
#include "case.h"

int main(void) {
  float *samples = aligned_alloc(64, 192); // ALLOC
  volatile float *at = opaque(samples);
  for (int i = 0; i < (BAD ? 49 : 48); i++) {
    at[i] = (float)i; // BUG
  }
  printf("%.0f\n", at[47]);
  free(samples);
  return 0;
}
