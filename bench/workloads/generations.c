/* generations: most objects die young, one in a hundred lives until the end. Long-lived ones must not pin the pages of
 * the many that were freed around them. */
#include "workload.h"

#include <stdlib.h>

enum { KEEP_ONE_IN = 100, YOUNG = 64, SMALLEST_LOG = 4, LARGEST_LOG = 9 };

struct elder {
  struct elder *next;
  size_t size;
};

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  static void *young[YOUNG];
  struct elder *elders = NULL;
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    size_t size = sizeof(struct elder) + workload_random_log_size(&random, SMALLEST_LOG, LARGEST_LOG);
    if (i % KEEP_ONE_IN == 0) {
      struct elder *elder = workload_take(size);
      *elder = (struct elder){.next = elders, .size = size};
      elders = elder;
      continue;
    }
    void **slot = &young[workload_random_below(&random, YOUNG)];
    free(*slot);
    *slot = workload_take(size);
    workload_mark(*slot, size, (uint8_t)i);
  }
  for (unsigned i = 0; i < YOUNG; i++)
    free(young[i]);
  uint64_t found = 0;
  while (elders != NULL) {
    struct elder *next = elders->next;
    found++;
    free(elders);
    elders = next;
  }
  if (found != (amount + KEEP_ONE_IN - 1) / KEEP_ONE_IN)
    workload_fail("the list of long-lived objects is broken");
}

const struct workload workload = {.amount = 20000000, .threads = 1, .run = run};
