/* visitors: threads that come, allocate a little, leave some of it behind for the main thread to free, and go. What a
 * thread's own heap costs to set up and to give up is most of the price. */
#include "workload.h"

#include <stdlib.h>

enum { OBJECTS = 200, LEFT_BEHIND = 50, SMALLEST = 16, LARGEST = 800, MOST_THREADS = 16 };

struct visit {
  uint64_t random;
  void *left_behind[LEFT_BEHIND];
};

static void *visit_make(void *argument) {
  struct visit *visit = argument;
  void *objects[OBJECTS];
  for (unsigned i = 0; i < OBJECTS; i++) {
    size_t size = SMALLEST + workload_random_below(&visit->random, LARGEST - SMALLEST + 1);
    objects[i] = workload_take(size);
    workload_mark(objects[i], size, (uint8_t)i);
  }
  for (unsigned i = 0; i < OBJECTS; i++) {
    if (*(uint8_t *)objects[i] != (uint8_t)i)
      workload_fail("an object lost its mark");
    if (i < LEFT_BEHIND)
      visit->left_behind[i] = objects[i];
    else
      free(objects[i]);
  }
  return NULL;
}

static void run(uint64_t amount, unsigned threads) {
  static struct visit visits[MOST_THREADS];
  if (threads > MOST_THREADS)
    workload_fail("too many threads");
  for (unsigned i = 0; i < threads; i++)
    visits[i].random = i + 1;
  for (uint64_t round = 0; round < amount / threads; round++) {
    workload_on_threads(threads, visit_make, visits, sizeof visits[0]);
    for (unsigned i = 0; i < threads; i++)
      for (unsigned j = 0; j < LEFT_BEHIND; j++)
        free(visits[i].left_behind[j]);
  }
}

const struct workload workload = {.amount = 10000, .threads = 4, .run = run};
