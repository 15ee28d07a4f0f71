/*
 * allocate.h: allocation and release in general, under the names the api gives out. The fast paths are in fast.h.
 * Functions return NULL without touching errno; the api sets it.
 */
#ifndef FREEHOLD_HEAP_ALLOCATE_H
#define FREEHOLD_HEAP_ALLOCATE_H

#include "heap/heap.h"

/* Any size; called when the fast path has nothing. */
void *allocate_slow(size_t size);
/* Aligned to `alignment`, a power of two. */
void *allocate_aligned(size_t alignment, size_t size);
/* Above SMALL_MAX_BYTES, not as an object of a heap of one's own. `zeroed` clears what is not known to be zero. */
void *allocate_large(size_t size, size_t alignment, bool zeroed);
/* `size` bytes, all zero. */
void *allocate_zeroed(size_t size);

/* From a heap of one's own. alignment: 0 for the usual one. */
void *allocate_from(struct heap *heap, size_t alignment, size_t size, bool zeroed);

/* Frees whatever `pointer` is, or reports it. NULL does nothing. */
void release_slow(void *pointer);

/* realloc for pointer != NULL and size > 0. heap NULL: the object's new place, if it needs one, is this thread's heap. */
void *reallocate(struct heap *heap, void *pointer, size_t size);

#endif
