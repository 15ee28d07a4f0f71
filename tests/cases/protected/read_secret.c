/* case: kind=protected-heap access=read bytes=8
 * A heap of secrets is closed but for the moments of their use; this one comes too late. */
#include "case.h"

#include <freehold.h>

int main(void) {
  struct fh_heap_options options = {
      .struct_bytes = sizeof options, .name = "keys", .flags = FH_HEAP_SECRET | FH_HEAP_MAY_SWAP};
  fh_heap *heap = fh_heap_create(&options);
  uint64_t *key = fh_heap_malloc(heap, 32);
  key[1] = 17;
  fh_heap_protect(heap, FH_HEAP_NO_ACCESS);
  if (!BAD)
    fh_heap_protect(heap, FH_HEAP_READ_ONLY);
  volatile uint64_t *at = opaque(&key[1]);
  printf("%d\n", (int)*at); // BUG
  fh_heap_destroy(heap);
  return 0;
}
