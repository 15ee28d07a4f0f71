/*
 * allocate.h: the path that nearly every call of GC_malloc_atomic takes; GC_malloc takes heap/fast.h's.
 */
#ifndef FREEHOLD_COLLECT_ALLOCATE_H
#define FREEHOLD_COLLECT_ALLOCATE_H

#include "collect/collect.h"
#include "heap/fast.h"

/* An object that is never read; `slow` serves what the fast path can't. */
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
