/* window: objects of 16 to 1024 bytes, each freed after the next 255: the steady state of a busy program. */
#include "workload.h"

#include <stdlib.h>

enum { LIVE = 256, SMALLEST = 16, LARGEST = 1024 };

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
  static struct held window[LIVE];
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    struct held *held = &window[i % LIVE];
    held_release(held);
    held->size = SMALLEST + workload_random_below(&random, LARGEST - SMALLEST + 1);
    held->object = workload_take(held->size);
    workload_mark(held->object, held->size, (uint8_t)held->size);
  }
  for (unsigned i = 0; i < LIVE; i++)
    held_release(&window[i]);
}

const struct workload workload = {.amount = 28000000, .threads = 1, .run = run};
