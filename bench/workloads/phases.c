/*
 * phases: a program whose sizes change as it goes on. Each phase fills memory with objects of one range of sizes, frees
 * all but a scattered few, and the next phase wants another size: what is left over decides how large the program gets.
 */
#include "workload.h"

#include <stdlib.h>

enum { PHASES = 12, KEEP_ONE_IN = 40, PHASE_BYTES = 24 << 20, MOST_OBJECTS = PHASE_BYTES / 16 };

struct survivor {
  struct survivor *next;
};

static void shuffle(void **objects, size_t count, uint64_t *random) {
  for (size_t i = count; i > 1; i--) {
    size_t other = workload_random_below(random, i);
    void *object = objects[i - 1];
    objects[i - 1] = objects[other];
    objects[other] = object;
  }
}

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  static void *objects[MOST_OBJECTS];
  static const unsigned sizes[PHASES] = {24, 200, 48, 1500, 72, 3000, 32, 500, 20000, 112, 6000, 320};
  uint64_t random = 1;
  for (uint64_t round = 0; round < amount; round++) {
    struct survivor *survivors = NULL;
    for (unsigned phase = 0; phase < PHASES; phase++) {
      size_t count = 0;
      for (size_t bytes = 0; bytes < PHASE_BYTES;) {
        size_t size = sizes[phase] + workload_random_below(&random, sizes[phase] / 4);
        void *object = workload_take(size);
        workload_mark(object, size, (uint8_t)phase);
        objects[count++] = object;
        bytes += size;
      }
      shuffle(objects, count, &random);
      for (size_t i = 0; i < count; i++) {
        if (i % KEEP_ONE_IN != 0) {
          free(objects[i]);
          continue;
        }
        struct survivor *survivor = objects[i];
        survivor->next = survivors;
        survivors = survivor;
      }
    }
    while (survivors != NULL) {
      struct survivor *next = survivors->next;
      free(survivors);
      survivors = next;
    }
  }
}

const struct workload workload = {.amount = 1, .threads = 1, .run = run};
