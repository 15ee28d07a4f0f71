/*
 * granule_map.h: the two bitmaps of a vault, used and first (vault.h), as a store of runs of granules. Granules are
 * counted from the start of the area. Written under the vault's lock; read without one by vault_look, to whom the runs may
 * look one moment old.
 */
#ifndef FREEHOLD_HEAP_GRANULE_MAP_H
#define FREEHOLD_HEAP_GRANULE_MAP_H

#include "base/bits.h"

#define NO_GRANULE SIZE_MAX

/* The first set (or clear) bit of [from, to), or `to`. */
size_t granule_next(const uint64_t *map, size_t from, size_t to, bool set);
/* The last set bit at or below `from`, or NO_GRANULE. */
size_t granule_last(const uint64_t *map, size_t from);
void granule_set(uint64_t *map, size_t from, size_t count, bool set);

ALWAYS_INLINE bool granule_is_set(const uint64_t *map, size_t at) {
  return (__atomic_load_n(&map[at / 64], __ATOMIC_RELAXED) >> at % 64 & 1) != 0;
}

/* Where the run that begins at `at` ends. */
size_t granule_run_end(const uint64_t *used, const uint64_t *first, size_t at, size_t top);

#endif
