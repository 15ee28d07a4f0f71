/* case: kind=heap-buffer-underflow access=read object=48 call=memcpy
 * A window is copied that starts before the samples do. CWE-127. */
#include "case.h"

int main(void) {
  char window[16];
  char *samples = calloc(48, 1);                                            // ALLOC
  memcpy(window, (char *)opaque(samples) - (BAD ? 4 : 0), opaque_size(16)); // BUG
  printf("%d\n", window[8]);
  free(samples);
  return 0;
}
