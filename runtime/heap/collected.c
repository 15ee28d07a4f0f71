#include "heap/collected.h"
#include "heap/heap.h"
#include "heap/large.h"
#include "heap/slices.h"
#include "heap/thread.h"
#include "space/kernel.h"

#include <string.h>

#if COLLECTED

/* Slices looked at in one hold of the slice lock. */
#define SWEEP_BATCH 64
/* Dead large objects freed after one hold of it. */
#define LARGE_BATCH 32
/* Rounds after which a span whose heap is busy is left for its owner. */
#define ROUNDS_MOST 3

struct collected collected = {.allowance = INT64_MAX};

static void sweep(struct span *span, unsigned spared) {
  unsigned freed = 0;
  if ((span->collect_flags & COLLECT_KEPT) != 0)
    memset(span_mark_bits(span), 0, span->words * sizeof(uint64_t));
  else
    freed = span_sweep(span, spared);
  __atomic_store_n(&span->swept, collected.cycle, __ATOMIC_RELEASE); /* for long_cache_take, which has no lock */
  if (freed == 0)
    return;
  __atomic_fetch_add(&collected.swept_objects, freed, __ATOMIC_RELAXED);
  __atomic_fetch_add(&collected.swept_bytes, freed * span->object_bytes, __ATOMIC_RELAXED);
}

bool collected_sweep(struct span *span) {
  if (span->swept == collected.cycle)
    return false;
  sweep(span, SPARE_NONE);
  return true;
}

void collected_keep(struct span *span) {
  if (LIKELY(span->swept == collected.cycle))
    return;
  memset(span_mark_bits(span), 0, span->words * sizeof(uint64_t));
  span->swept = collected.cycle;
}

static const struct heap *calm_heaps[THREAD_HEAPS]; /* of the calling thread */

static void sweep_bins(struct heap *heap) {
  bool calm = heap->owner == 0 || heap == calm_heaps[0] || heap == calm_heaps[1];
  for (unsigned i = 0; i < CLASS_COUNT; i++)
    if (heap->bins[i].span != NULL && heap->owner != 0 && heap->refilling)
      collected_keep(heap->bins[i].span);
    else if (heap->bins[i].span != NULL)
      sweep(heap->bins[i].span, calm ? SPARE_NONE : heap->bins[i].word_number);
  __atomic_store_n(&heap->remote_classes, ~(uint64_t)0, __ATOMIC_RELAXED);
}

void heap_sweep_current(const struct heap *own_scanned, const struct heap *own_atomic) {
  calm_heaps[0] = own_scanned;
  calm_heaps[1] = own_atomic;
  heap_each(sweep_bins);
  heap_hint_shared();
}

void heap_clear_marks(void) {
  for (size_t slice = 0; slice < space_slice_limit; slice++) {
    struct span *span = space_table[slice];
    if (span->first_slice != slice)
      continue;
    if (span->kind == FH_SPAN_SMALL)
      memset(span_mark_bits(span), 0, span->words * sizeof(uint64_t));
    else if (span->kind == FH_SPAN_LARGE)
      span->large_mark = 0;
  }
}

void collected_spare(const void *pointer) {
  uintptr_t address = (uintptr_t)pointer;
  if (!space_contains(address))
    return;
  struct span *span = space_table[slice_of(address)];
  if (span->kind == FH_SPAN_LARGE) {
    lock_take(&slice_lock);
    if (span->swept != collected.cycle && span->swept != COLLECT_NEWBORN)
      span->large_mark = 1;
    lock_drop(&slice_lock);
    return;
  }
  uint32_t index = span_slot_around(span, (uint32_t)(address - span->start));
  for (struct heap *heap = NULL; span->kind == FH_SPAN_SMALL && index < span->capacity && heap == NULL;) {
    heap = __atomic_load_n(&span->heap, __ATOMIC_ACQUIRE);
    lock_take(&heap->lock);
    bool same = __atomic_load_n(&span->heap, __ATOMIC_ACQUIRE) == heap; /* another thread may adopt it */
    if (same && span->swept != collected.cycle)
      span_mark_bits(span)[index / 64] |= (uint64_t)1 << index % 64;
    lock_drop(&heap->lock);
    heap = same ? heap : NULL;
  }
}

/* Under the slice lock. False when the span's heap is busy. */
static bool sweep_small_locked(struct span *span) {
  if (span->swept != collected.cycle && !heap_sweep_locked(span))
    return false;
  heap_release_if_empty_locked(span);
  return true;
}

static bool is_unswept_large(const struct span *span) {
  uint32_t swept = __atomic_load_n(&span->swept, __ATOMIC_RELAXED);
  return span->kind == FH_SPAN_LARGE && swept != collected.cycle && swept != COLLECT_NEWBORN;
}

/* One walk over all slices. Returns how many spans were busy. */
static size_t sweep_walk(void) {
  size_t busy = 0;
  uintptr_t dead[LARGE_BATCH];
  unsigned dead_count = 0;
  lock_take(&slice_lock);
  for (size_t slice = 0; slice < space_slice_limit;) {
    for (unsigned i = 0; i < SWEEP_BATCH && slice < space_slice_limit && dead_count < LARGE_BATCH; i++) {
      struct span *span = space_table[slice];
      size_t length = span->kind == FH_SPAN_NONE || span->first_slice != slice ? 1 : span->slices;
      if (span->kind == FH_SPAN_SMALL && span->swept != collected.cycle) {
        busy += !sweep_small_locked(span);
      } else if (is_unswept_large(span)) {
        bool marked = span->large_mark != 0 || (span->collect_flags & COLLECT_KEPT) != 0;
        span->large_mark = 0;
        span->swept = collected.cycle;
        if (!marked && (collected.last_word == NULL || collected.last_word(span, 0, 1) == 0)) {
          dead[dead_count++] = span->start;
          if (UNLIKELY(collected.died != NULL))
            collected.died(span, 0, 1);
          __atomic_fetch_add(&collected.swept_bytes, span->object_bytes, __ATOMIC_RELAXED);
        }
      }
      slice += length;
    }
    lock_drop(&slice_lock);
    for (unsigned i = 0; i < dead_count; i++) {
      if (!large_give(dead[i]))
        continue;
      __atomic_fetch_add(&collected.swept_objects, 1, __ATOMIC_RELAXED);
    }
    dead_count = 0;
    lock_take(&slice_lock);
  }
  lock_drop(&slice_lock);
  return busy;
}

bool heap_sweep_all(void) {
  slices_give_held_back();
  for (unsigned round = 0; round < ROUNDS_MOST; round++) {
    if (sweep_walk() == 0)
      return true;
    kernel_yield();
  }
  return false;
}

#endif
