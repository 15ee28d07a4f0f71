/*
 * long_cache.h: for each class of long spans, the few slots that a thread has freed last, at hand for its next
 * allocation without the lock of the heap they belong to.
 *
 * The cache is a hint; what counts is the slot's cached bit in its span. A free sets it, and whoever clears it holds
 * the slot: the thread that finds the slot in its cache, or the purge, which so takes back what an idle thread keeps.
 * A slot whose bit is set is not free for its span, so the span stays; once the bit is clear an entry may name anything,
 * and is passed over.
 */
#ifndef FREEHOLD_HEAP_LONG_CACHE_H
#define FREEHOLD_HEAP_LONG_CACHE_H

#include "heap/heap.h"

/* A slot of `class_index` from the thread heap's cache, or NULL. By the heap's thread. */
void *long_cache_take(struct heap *heap, unsigned class_index);

/* Frees live slot `index` of a long span into the thread heap's cache. False when the cache has no room for it, or it
 * was freed meanwhile: then heap_free_long knows what to do. By the heap's thread. */
bool long_cache_give(struct heap *heap, struct span *span, size_t index);

/* Empties the cache: the heap's thread ends. */
void long_cache_flush(struct heap *heap);

#endif
