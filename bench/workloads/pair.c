/* pair: malloc(64) and free, one after the other. The cheapest thing a program can ask for. */
#include "workload.h"

#include <stdlib.h>

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  enum { SIZE = 64 };
  for (uint64_t i = 0; i < amount; i++) {
    void *object = workload_take(SIZE);
    workload_mark(object, SIZE, (uint8_t)i);
    free(object);
  }
}

const struct workload workload = {.amount = 40000000, .threads = 1, .run = run};
