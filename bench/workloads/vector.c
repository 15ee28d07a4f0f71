/* vector: arrays that grow by half again and again through realloc, until 32 MiB, as a list being appended to does.
 * A heap that moves pages instead of bytes wins here. */
#include "workload.h"

#include <stdlib.h>

enum { FIRST = 16, LAST = 4 << 20 };

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  for (uint64_t round = 0; round < amount; round++) {
    uint64_t *items = NULL;
    size_t room = 0;
    for (size_t count = 0; count < LAST; count++) {
      if (count == room) {
        room = room == 0 ? FIRST : room + room / 2;
        items = realloc(items, room * sizeof *items);
        if (items == NULL)
          workload_fail("realloc returned NULL");
      }
      items[count] = count ^ round;
    }
    for (size_t count = 0; count < LAST; count += 61)
      if (items[count] != (count ^ round))
        workload_fail("realloc lost an item");
    free(items);
  }
}

const struct workload workload = {.amount = 12, .threads = 1, .run = run};
