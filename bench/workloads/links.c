/* links: chained hash tables of short strings: insert, look up, remove; what interpreters and caches do all day. */
#include "workload.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 15, KEYS = 1 << 17, SHORTEST = 4, LONGEST = 60 };

struct entry {
  struct entry *next;
  char *text;
  uint32_t key;
};

static struct entry *buckets[BUCKETS];

static uint32_t key_hash(uint32_t key) {
  return (key * 2654435761u) >> 17;
}

static size_t key_length(uint32_t key) {
  return SHORTEST + key % (LONGEST - SHORTEST);
}

static struct entry **table_find(uint32_t key) {
  struct entry **link = &buckets[key_hash(key)];
  while (*link != NULL && (*link)->key != key)
    link = &(*link)->next;
  return link;
}

static void entry_remove(struct entry **link) {
  struct entry *entry = *link;
  if (strlen(entry->text) != key_length(entry->key))
    workload_fail("an entry lost its text");
  *link = entry->next;
  free(entry->text);
  free(entry);
}

static void entry_insert(struct entry **link, uint32_t key) {
  struct entry *entry = workload_take(sizeof *entry);
  size_t length = key_length(key);
  *entry = (struct entry){.next = NULL, .text = workload_take(length + 1), .key = key};
  memset(entry->text, 'k', length);
  entry->text[length] = 0;
  *link = entry;
}

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    uint32_t key = (uint32_t)workload_random_below(&random, KEYS);
    struct entry **link = table_find(key);
    if (*link != NULL)
      entry_remove(link);
    else
      entry_insert(link, key);
  }
  for (unsigned i = 0; i < BUCKETS; i++)
    while (buckets[i] != NULL)
      entry_remove(&buckets[i]);
}

const struct workload workload = {.amount = 5000000, .threads = 1, .run = run};
