/* zeroed: calloc of records, tables and a few large arrays; every byte is checked to be zero, then dirtied. */
#include "workload.h"

#include <stdlib.h>
#include <string.h>

enum { LIVE = 300, SMALLEST_LOG = 4, LARGEST_LOG = 12, LARGE_ONE_IN = 2000, LARGE = 1 << 20 };

static void require_zero(const unsigned char *bytes, size_t size) {
  if (bytes[0] != 0 || memcmp(bytes, bytes + 1, size - 1) != 0)
    workload_fail("calloc gave bytes that are not zero");
}

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  static unsigned char *objects[LIVE];
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    unsigned char **slot = &objects[workload_random_below(&random, LIVE)];
    size_t size = i % LARGE_ONE_IN == 0 ? LARGE : workload_random_log_size(&random, SMALLEST_LOG, LARGEST_LOG);
    free(*slot);
    *slot = calloc(1, size);
    if (*slot == NULL)
      workload_fail("calloc returned NULL");
    require_zero(*slot, size);
    memset(*slot, 0xA5, size);
  }
  for (unsigned i = 0; i < LIVE; i++)
    free(objects[i]);
}

const struct workload workload = {.amount = 2500000, .threads = 1, .run = run};
