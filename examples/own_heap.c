/* A heap of one's own: everything that one request needs, bounded, and gone with one call. */
#include <errno.h>
#include <freehold.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .limit_bytes = 4u << 20, .name = "request"};
  fh_heap *heap = fh_heap_create(&options);
  if (heap == NULL) {
    perror("fh_heap_create");
    return 1;
  }
  char *line = fh_heap_malloc(heap, 64);
  if (line == NULL)
    return 1;
  strcpy(line, "kept until the request is done");

  /* The bound holds for this heap alone: the program's malloc goes on. */
  size_t served = 1;
  while (fh_heap_malloc(heap, 10000) != NULL)
    served++;
  if (errno != ENOMEM)
    return 1;
  void *elsewhere = malloc(100);
  if (fh_malloc_usable_size(elsewhere) < 100)
    return 1;
  free(elsewhere);

  struct fh_heap_totals statistics;
  if (fh_heap_statistics(heap, &statistics) != 0 || statistics.live_objects != served)
    return 1;
  printf("%s\nFreehold %s: %zu objects in at most 4 MiB\n", line, fh_version(), served);
  fh_heap_destroy(heap);
  return 0;
}
