#include "collect/table.h"
#include "reach/sequence.h"

#include <string.h>

#define KEY_NONE       0u
#define KEY_REMOVED    1u
#define CAPACITY_LEAST ((size_t)256)

static uintptr_t *place(const struct table *table, size_t index) {
  return (uintptr_t *)(void *)(table->records + index * table->record_bytes);
}

static size_t first_place(const struct table *table, uintptr_t key) {
  return (size_t)((key >> 3) * 0x9e3779b97f4a7c15u >> 20) & (table->capacity - 1);
}

void *table_find(const struct table *table, uintptr_t key) {
  if (table->capacity == 0)
    return NULL;
  for (size_t index = first_place(table, key);; index = (index + 1) & (table->capacity - 1)) {
    uintptr_t *record = place(table, index);
    if (*record == key)
      return record;
    if (*record == KEY_NONE)
      return NULL;
  }
}

static void *put(struct table *table, uintptr_t key) {
  size_t index = first_place(table, key);
  while (*place(table, index) != KEY_NONE)
    index = (index + 1) & (table->capacity - 1);
  *place(table, index) = key;
  table->count++;
  table->used++;
  return place(table, index);
}

static bool rehash(struct table *table) {
  size_t capacity = CAPACITY_LEAST;
  while (capacity < 4 * table->count)
    capacity *= 2;
  struct table bigger = {.record_bytes = table->record_bytes, .capacity = capacity};
  bigger.records = sequence_piece(capacity * table->record_bytes);
  if (bigger.records == NULL)
    return false;
  memset(bigger.records, 0, capacity * table->record_bytes);
  for (size_t i = 0; i < table->capacity; i++) {
    const void *record = table_at(table, i);
    if (record != NULL)
      memcpy(put(&bigger, *(const uintptr_t *)record), record, table->record_bytes);
  }
  if (table->records != NULL)
    sequence_piece_release(table->records, table->capacity * table->record_bytes);
  *table = bigger;
  return true;
}

void *table_add(struct table *table, uintptr_t key) {
  if (table->used >= table->capacity / 2 && !rehash(table) && table->used + 1 >= table->capacity)
    return NULL;
  return put(table, key);
}

void table_remove(struct table *table, void *record) {
  memset(record, 0, table->record_bytes);
  *(uintptr_t *)record = KEY_REMOVED;
  table->count--;
}

void *table_at(const struct table *table, size_t index) {
  uintptr_t *record = place(table, index);
  return *record > KEY_REMOVED ? record : NULL;
}
