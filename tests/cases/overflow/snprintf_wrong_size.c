/* case: kind=heap-buffer-overflow access=write object=16 call=snprintf
 * snprintf is told the size of another buffer. */
#include "case.h"

int main(void) {
  size_t room = BAD ? 64 : 16;
  char *label = malloc(16);                                                          // ALLOC
  snprintf(opaque(label), opaque_size(room), "%s-%d", "a long label of a shelf", 7); // BUG
  printf("%.6s\n", label);
  free(label);
  return 0;
}
