/*
 * large.h: objects above SMALL_MAX_BYTES, each with slices of its own. All of it is under locks; next to touching the
 * memory that costs nothing.
 */
#ifndef FREEHOLD_HEAP_LARGE_H
#define FREEHOLD_HEAP_LARGE_H

#include "heap/heap.h"

/* An object of `size` bytes aligned to `alignment` (a power of two). heap: of one's own, or NULL. `zeroed` clears what
 * is not known to be zero. NULL when there is no memory. */
void *large_take(struct heap *heap, size_t size, size_t alignment, bool zeroed);

/* Frees the large object that starts at `address`. False when there is none (any more). */
bool large_give(uintptr_t address);

/* Resizes in place, or by moving pages to a new place; NULL with nothing changed when neither can be done. */
void *large_resize(struct span *span, size_t size);

/* All large objects of a heap of one's own. */
void large_release_all(struct heap *heap);

#endif
