/* case: kind=none
 * A cache that a global holds is not given back, and need not be. */
#include "case.h"

struct entry {
  struct entry *next;
  char name[40];
};
static struct entry *cache;

int main(void) {
  for (int i = 0; i < 100; i++) {
    struct entry *entry = calloc(1, sizeof *entry);
    snprintf(entry->name, sizeof entry->name, "entry %d", i);
    entry->next = cache;
    cache = entry;
  }
  puts(cache->name);
  return 0;
}
