/* protected-heap: a table is closed once it is built, and somebody changes it all the same. */
#include <freehold.h>
#include <stdio.h>

static int *make_prices(fh_heap *heap) {
  int *prices = fh_heap_calloc(heap, 4, sizeof *prices);
  for (int i = 0; i < 4; i++)
    prices[i] = 10 * i;
  return prices;
}

int main(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .name = "prices", .flags = FH_HEAP_PROTECTED};
  fh_heap *heap = fh_heap_create(&options);
  int *prices = make_prices(heap);
  fh_heap_protect(heap, FH_HEAP_READ_ONLY);
  printf("%d\n", prices[3]);
  prices[3] = 35;
  printf("%d\n", prices[3]);
  fh_heap_destroy(heap);
  return 0;
}
