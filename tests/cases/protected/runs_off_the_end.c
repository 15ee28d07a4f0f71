/* case: kind=protected-heap access=write bytes=1
 * The heap is open; behind its last page is a guard. */
#include "case.h"

#include <freehold.h>

#define LIMIT 65536

int main(void) {
  struct fh_heap_options options = {
      .struct_bytes = sizeof options, .limit_bytes = LIMIT, .name = "buffers", .flags = FH_HEAP_PROTECTED};
  fh_heap *heap = fh_heap_create(&options);
  char *buffer = opaque(fh_heap_malloc(heap, LIMIT));
  for (volatile size_t i = 0; i < LIMIT + BAD; i++)
    buffer[i] = (char)i; // BUG
  printf("%d\n", buffer[300]);
  fh_heap_destroy(heap);
  return 0;
}
