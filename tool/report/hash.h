/* hash.h: FNV-1a, for telling reports apart. */
#ifndef FREEHOLD_REPORT_HASH_H
#define FREEHOLD_REPORT_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START 14695981039346656037ull

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < count; i++)
    hash = (hash ^ at[i]) * 1099511628211ull;
  return hash;
}

#endif
