/* case: kind=protected-heap call=free
 * What is given back while its heap is closed stays, and is told; the program goes on. */
#include "case.h"

#include <freehold.h>

int main(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .flags = FH_HEAP_PROTECTED};
  fh_heap *heap = fh_heap_create(&options);
  char *name = fh_heap_malloc(heap, 20);
  strcpy(name, "kept");
  if (BAD)
    fh_heap_protect(heap, FH_HEAP_READ_ONLY);
  puts(name);
  free(opaque(name)); // BUG
  struct fh_heap_totals totals;
  fh_heap_statistics(heap, &totals);
  fh_heap_destroy(heap);
  return totals.live_objects == BAD ? 0 : 1;
}
