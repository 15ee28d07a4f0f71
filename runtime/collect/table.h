/*
 * table.h: records by an address, in memory that holds no roots. The first word of a record is its key, of any value from
 * 2 on. Keys stand as they are; nothing here is ever looked at by the marker.
 *
 * Not thread-safe: under the cycle lock, or while the world stands still; then nothing may be added.
 */
#ifndef FREEHOLD_COLLECT_TABLE_H
#define FREEHOLD_COLLECT_TABLE_H

#include "base/bits.h"

/* Zeroed but for record_bytes it is empty. */
struct table {
  size_t record_bytes; /* fixed */
  size_t capacity;     /* a power of two, or 0 */
  size_t count, used;  /* records; records and the places of removed ones */
  char *records;
};

/* The record of a key, or NULL. */
void *table_find(const struct table *table, uintptr_t key);
/* A zeroed record for a key that has none. NULL when there is no memory. */
void *table_add(struct table *table, uintptr_t key);
void table_remove(struct table *table, void *record);

/* Record number `index` below the capacity, or NULL where there is none. A record may be removed on the way. */
void *table_at(const struct table *table, size_t index);

#endif
