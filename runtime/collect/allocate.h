/*
 * allocate.h: the path that nearly every call of GC_malloc takes: heap/fast.h's, and zeros.
 */
#ifndef FREEHOLD_COLLECT_ALLOCATE_H
#define FREEHOLD_COLLECT_ALLOCATE_H

#include "collect/collect.h"
#include "heap/fast.h"

#include <string.h>

/* Above this the C library clears faster. */
#define ZEROED_INLINE 128u

/* Slots are multiples of 16 and mostly short: a call, or one of the processor's string instructions, would cost more than
 * the stores. */
ALWAYS_INLINE void *zeroed_slot(void *object, size_t bytes) {
  if (UNLIKELY(bytes > ZEROED_INLINE))
    return memset(object, 0, bytes);
  typedef long long pair __attribute__((vector_size(16), may_alias));
  char *at = object;
  do {
    *(pair *)(void *)at = (pair){0, 0};
    at += sizeof(pair);
    __asm__("" : "+r"(at)); /* or the compiler makes one of them of the loop */
  } while (at < (char *)object + bytes);
  return object;
}

/* A scanned object; `slow` serves what the fast path can't. */
ALWAYS_INLINE void *allocate_scanned_or(size_t size, void *(*slow)(size_t)) {
  size_t granules = (size + GRANULE - 1) >> GRANULE_SHIFT;
  uint32_t slot;
  if (UNLIKELY(size > DIRECT_MAX_BYTES) || UNLIKELY(!window_take(thread_view.words[granules], &slot)))
    return slow(size);
  size_t slot_bytes = thread_view.slot_bytes[granules];
  return zeroed_slot((void *)(thread_view.bases[granules] + slot * slot_bytes), slot_bytes);
}

/* The same for atomic ones. */
ALWAYS_INLINE void *allocate_atomic_or(size_t size, void *(*slow)(size_t)) {
  struct heap *heap = thread_atomic_heap;
  void *object;
  if (UNLIKELY(heap == NULL) || UNLIKELY(size > FAST_MAX_BYTES) ||
      UNLIKELY(!bin_take(&heap->bins[size_class(size)], &object)))
    return slow(size);
  return object;
}

/* What the fast paths can't. NULL when there is no memory. */
void *allocate_scanned_slow(size_t size);
void *allocate_atomic_slow(size_t size);

#endif
