/*
 * fast.h: the two paths that nearly every call takes. Nothing here takes a lock, calls the system or uses an atomic
 * read-modify-write; whatever does is out of line.
 *
 * malloc(n), as the calls go:
 *   allocate                n <= 1024: the thread's bin for n, one load        (fast.h)
 *     bin_take              a free slot of the bin's window: three loads, one store
 *   allocate_slow           the window is empty, or n is larger               (allocate.c)
 *     take_slot             n <= 8 KiB: the bin, and when its window is empty
 *       heap_refill         the window moves on: in the span, to a partial span, to one that another thread left
 *                           behind, to a new one                              (heap.c)
 *         slices_take       a free slice, or the next of the space            (slices.c)
 *                           n <= 64 KiB
 *       long_cache_take     a slot this thread has freed before: one atomic   (long_cache.c)
 *       heap_take_slot      from a span of several slices, under its heap's lock
 *     large_take            n > 64 KiB: slices of its own                     (large.c)
 *
 * free(p):
 *   release                 p is a live slot of a span this thread owns: its free bit is set
 *   release_slow            anything else                                     (allocate.c)
 *     long_cache_give       8 to 64 KiB: kept at hand for this thread's next: one atomic
 *     heap_free_remote      another thread's span, or nobody's: one atomic or
 *     heap_free_last        the free that brings the span's countdown to 0: the span changes lists or is given back
 *     large_give            a large object
 *     misuse_*              what is no object of this heap
 */
#ifndef FREEHOLD_HEAP_FAST_H
#define FREEHOLD_HEAP_FAST_H

#include "heap/allocate.h"
#include "heap/thread.h"

/* A load of a field that others may write. x86-64 orders loads by itself, and a plain one may become an operand. */
#if FAST_PATH_X86
#define SHARED_LOAD(field) (field)
#else
#define SHARED_LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#endif

/* Takes a free slot of the window; false when it has none. */
ALWAYS_INLINE bool bin_take(struct bin *bin, void **object) {
  uint64_t *word = bin->word;
  uint64_t slot;
#if FAST_PATH_X86
  uint64_t free_bits = *word;
  bool some;
  __asm__("rep bsfq %1, %0" : "=r"(slot) : "r"(free_bits) : "cc");
  __asm__("btrq %2, %0" : "+r"(free_bits), "=@ccc"(some) : "r"(slot));
  if (UNLIKELY(!some))
    return false;
#else
  uint64_t free_bits = __atomic_load_n(word, __ATOMIC_RELAXED);
  if (UNLIKELY(free_bits == 0))
    return false;
  slot = (uint64_t)__builtin_ctzll(free_bits);
  free_bits &= free_bits - 1;
#endif
  __atomic_store_n(word, free_bits, __ATOMIC_RELAXED);
  *object = (void *)(bin->base + slot * bin->object_bytes);
  return true;
}

/* `slow` serves what the fast path can't: a function like allocate_slow. */
ALWAYS_INLINE void *allocate_or(size_t size, void *(*slow)(size_t)) {
  void *object;
  if (LIKELY(size <= DIRECT_MAX_BYTES) &&
      LIKELY(bin_take(thread_view.bins[(size + GRANULE - 1) >> GRANULE_SHIFT], &object)))
    return object;
  return slow(size);
}

ALWAYS_INLINE void *allocate(size_t size) {
  return allocate_or(size, allocate_slow);
}

/* One less, before the bit is set: a span must not be touched once its last object is free. */
ALWAYS_INLINE uint32_t countdown_step(struct span *span) {
#if FAST_PATH_X86
  return --span->countdown;
#else
  uint32_t left = __atomic_load_n(&span->countdown, __ATOMIC_RELAXED) - 1;
  __atomic_store_n(&span->countdown, left, __ATOMIC_RELAXED);
  return left;
#endif
}

/* Sets slot `index`'s free bit; true when it was set already. The span may be gone right after, if it was empty. */
ALWAYS_INLINE bool span_test_and_free(struct span *span, size_t index) {
  uint64_t *bits = span_free_bits(span);
#if FAST_PATH_X86
  bool was_free;
  __asm__("btsq %2, %1" : "=@ccc"(was_free), "+m"(*(uint64_t(*)[64])bits) : "r"(index));
  return was_free;
#else
  uint64_t bit = (uint64_t)1 << index % 64;
  uint64_t before = __atomic_load_n(&bits[index / 64], __ATOMIC_RELAXED);
  __atomic_store_n(&bits[index / 64], before | bit, __ATOMIC_RELEASE);
  return (before & bit) != 0;
#endif
}

/* Whether `pointer` is exactly the start of a slot of a span that this thread may free into without looking further. */
ALWAYS_INLINE bool own_slot_at(const void *pointer, struct span **span, size_t *index) {
  uintptr_t address = (uintptr_t)pointer;
  size_t slice = (address - space_base) >> SLICE_SHIFT;
  if (UNLIKELY(slice >= thread_view.owned_limit))
    return false;
  *span = SHARED_LOAD(thread_view.owned[slice]);
  return LIKELY(span_slot(*span, (uint16_t)address, index));
}

/* Frees what own_slot_at has found. */
ALWAYS_INLINE void release_own(void *pointer, struct span *span, size_t index) {
  if (UNLIKELY(countdown_step(span) == 0))
    return heap_free_last(pointer, span, index);
  if (UNLIKELY(span_test_and_free(span, index)))
    return release_again(span, pointer);
}

ALWAYS_INLINE void release(void *pointer) {
  struct span *span;
  size_t index;
  if (UNLIKELY(!own_slot_at(pointer, &span, &index)))
    return release_slow(pointer);
  release_own(pointer, span, index);
}

#endif
