/* random: sizes from 8 bytes to 64 KiB, each power of two as likely as the next, freed in random order. */
#include "workload.h"

#include <stdlib.h>

enum { LIVE = 4000, SMALLEST_LOG = 3, LARGEST_LOG = 16 };

struct held {
  void *object;
  size_t size;
};

static void held_release(struct held *held) {
  if (held->object == NULL)
    return;
  workload_check(held->object, held->size, (uint8_t)held->size);
  free(held->object);
  held->object = NULL;
}

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  static struct held objects[LIVE];
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    struct held *held = &objects[workload_random_below(&random, LIVE)];
    held_release(held);
    held->size = workload_random_log_size(&random, SMALLEST_LOG, LARGEST_LOG);
    held->object = workload_take(held->size);
    workload_mark(held->object, held->size, (uint8_t)held->size);
  }
  for (unsigned i = 0; i < LIVE; i++)
    held_release(&objects[i]);
}

const struct workload workload = {.amount = 5000000, .threads = 1, .run = run};
