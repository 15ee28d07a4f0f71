#include "heap/long_cache.h"
#include "heap/purge.h"

/* A class's entries hold no more than this between them. */
#define CACHE_BYTES (256 * KIB)
/* Freed bytes are told to the purge in lots of this. */
#define TOLD_BYTES (256 * KIB)
/* From here on a span's count of cached frees is put into its account first. */
#define COUNT_MOST 0x8000u

static unsigned most_entries(unsigned class_index) {
  size_t fit = CACHE_BYTES / class_bytes[class_index];
  return fit < LONG_CACHE_MOST ? (unsigned)fit : LONG_CACHE_MOST;
}

static struct long_cache *cache_of(struct heap *heap, unsigned class_index) {
  return &heap->long_cache[class_index - LONG_CLASS_FIRST];
}

/* An entry: the span's descriptor, and the slot's number in the bits that its alignment leaves. */
static uintptr_t entry_of(struct span *span, size_t index) {
  return (uintptr_t)span | index;
}

/* Clears the slot's cached bit, if it is set; the span is still what it was when the entry was made, or another long
 * span of the class. NULL otherwise. */
static struct span *claim(uintptr_t entry, unsigned class_index, size_t *index) {
  struct span *span = (struct span *)align_down(entry, SPAN_UNIT);
  *index = entry % SPAN_UNIT;
  uint32_t bit = 1u << *index;
  if ((__atomic_fetch_and(&span->cached, ~bit, __ATOMIC_ACQ_REL) & bit) == 0)
    return NULL;
  /* From here on the span can't go. */
  if (span->class_index == class_index)
    return span;
  __atomic_fetch_or(&span->cached, bit, __ATOMIC_RELEASE); /* of a span made since: somebody else keeps that slot */
  return NULL;
}

/* Whoever allocates from a span has swept it before. A collection that comes after this marks the slot, because the entry is
 * the one taken last. */
static void sweep_before(uintptr_t entry) {
#if COLLECTED
  struct span *span = (struct span *)align_down(entry, SPAN_UNIT);
  if (LIKELY(__atomic_load_n(&span->swept, __ATOMIC_ACQUIRE) == collected.cycle))
    return;
  struct heap *heap = __atomic_load_n(&span->heap, __ATOMIC_ACQUIRE);
  if (heap == NULL)
    return; /* it is gone */
  lock_take(&heap->lock);
  if (span->heap == heap && __atomic_load_n(&span->kind, __ATOMIC_ACQUIRE) == FH_SPAN_SMALL && span_is_long(span))
    collected_sweep(span);
  lock_drop(&heap->lock);
#else
  (void)entry;
#endif
}

void *long_cache_take(struct heap *heap, unsigned class_index) {
  struct long_cache *cache = cache_of(heap, class_index);
  size_t index;
  while (cache->count != 0) {
    uintptr_t entry = cache->entries[cache->count - 1];
    __atomic_store_n(&cache->count, cache->count - 1, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    sweep_before(entry);
    struct span *span = claim(entry, class_index, &index);
    if (span != NULL)
      return (void *)(span->start + index * span->object_bytes);
  }
  return NULL;
}

bool long_cache_give(struct heap *heap, struct span *span, size_t index) {
  struct long_cache *cache = cache_of(heap, span->class_index);
  if (cache->count >= most_entries(span->class_index) || span->heap->own || (COLLECTED && span->collect_kind != 0))
    return false;
  uint32_t bit = 1u << index, before = __atomic_load_n(&span->cached, __ATOMIC_RELAXED);
  do {
    if ((before & bit) != 0 || before >> FH_CACHED_FREE_SHIFT >= COUNT_MOST)
      return false;
  } while (!__atomic_compare_exchange_n(&span->cached, &before, (before | bit) + (1u << FH_CACHED_FREE_SHIFT), true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  cache->entries[cache->count++] = entry_of(span, index);
  heap->cached_bytes += class_bytes[span->class_index];
  if (heap->cached_bytes >= TOLD_BYTES) {
    purge_slots_freed(heap->cached_bytes);
    heap->cached_bytes = 0;
  }
  return true;
}

void long_cache_flush(struct heap *heap) {
  for (unsigned class_index = LONG_CLASS_FIRST; class_index < CLASS_COUNT; class_index++) {
    struct long_cache *cache = cache_of(heap, class_index);
    size_t index;
    while (cache->count != 0) {
      struct span *span = claim(cache->entries[--cache->count], class_index, &index);
      if (span != NULL)
        heap_return_long(span, index);
    }
  }
}
