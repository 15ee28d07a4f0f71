/* case: kind=heap-buffer-overflow access=write bytes=4 offset=64 object=64
 * A counter behind the last one is counted up, atomically. */
#include "case.h"
#include <stdatomic.h>

int main(void) {
  atomic_int *counters = calloc(16, sizeof *counters); // ALLOC
  counters = opaque(counters);
  for (size_t i = 0; i < 4; i++) {
    atomic_fetch_add(&counters[opaque_size(i == 3 && BAD ? 16 : i)], 2); // BUG
  }
  printf("%d\n", atomic_load(&counters[1]));
  free(counters);
  return 0;
}
