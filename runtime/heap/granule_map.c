#include "heap/granule_map.h"

size_t granule_next(const uint64_t *map, size_t from, size_t to, bool set) {
  for (size_t at = from; at < to;) {
    uint64_t word = __atomic_load_n(&map[at / 64], __ATOMIC_RELAXED);
    word = (set ? word : ~word) >> at % 64;
    if (word != 0) {
      at += (size_t)__builtin_ctzll(word);
      return at < to ? at : to;
    }
    at = align_up(at + 1, 64);
  }
  return to;
}

size_t granule_last(const uint64_t *map, size_t from) {
  for (size_t number = from / 64 + 1; number-- != 0;) {
    uint64_t word = __atomic_load_n(&map[number], __ATOMIC_RELAXED);
    if (number == from / 64 && from % 64 != 63)
      word &= ((uint64_t)2 << from % 64) - 1;
    if (word != 0)
      return number * 64 + highest_bit(word);
  }
  return NO_GRANULE;
}

void granule_set(uint64_t *map, size_t from, size_t count, bool set) {
  for (size_t at = from, end = from + count; at < end;) {
    size_t bits = 64 - at % 64 < end - at ? 64 - at % 64 : end - at;
    uint64_t mask = (bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1) << at % 64;
    uint64_t word = __atomic_load_n(&map[at / 64], __ATOMIC_RELAXED);
    __atomic_store_n(&map[at / 64], set ? word | mask : word & ~mask, __ATOMIC_RELAXED);
    at += bits;
  }
}

size_t granule_run_end(const uint64_t *used, const uint64_t *first, size_t at, size_t top) {
  size_t unused = granule_next(used, at, top, false);
  return granule_next(first, at + 1, unused > at ? unused : at + 1, true);
}
