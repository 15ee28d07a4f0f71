/* large: blocks of 64 KiB to 8 MiB come and go, every page of each is written. Keeping freed pages saves page faults,
 * keeping too many costs memory. */
#include "workload.h"

#include <stdlib.h>

enum { LIVE = 12, SMALLEST_LOG = 16, LARGEST_LOG = 23, PAGE = 4096 };

struct held {
  uint8_t *block;
  size_t size;
  uint8_t mark;
};

static void held_release(struct held *held) {
  if (held->block == NULL)
    return;
  for (size_t offset = 0; offset < held->size; offset += PAGE)
    if (held->block[offset] != held->mark)
      workload_fail("a page of a large block lost its mark");
  free(held->block);
  held->block = NULL;
}

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  static struct held blocks[LIVE];
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    struct held *held = &blocks[workload_random_below(&random, LIVE)];
    held_release(held);
    held->size = workload_random_log_size(&random, SMALLEST_LOG, LARGEST_LOG);
    held->mark = (uint8_t)i;
    held->block = workload_take(held->size);
    for (size_t offset = 0; offset < held->size; offset += PAGE)
      held->block[offset] = held->mark;
  }
  for (unsigned i = 0; i < LIVE; i++)
    held_release(&blocks[i]);
}

const struct workload workload = {.amount = 5000, .threads = 1, .run = run};
