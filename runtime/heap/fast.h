/*
 * fast.h: the two paths that nearly every call takes. Nothing here takes a lock, calls the system or uses an atomic
 * read-modify-write; whatever does is out of line.
 *
 * malloc(n), as the calls go:
 *   allocate                n <= 1024: the thread's window for n               (fast.h)
 *     window_take           its lowest free slot: two loads, one store
 *   allocate_slow           the window is empty, or n is larger               (allocate.c)
 *     take_slot             n <= 8 KiB: the bin, and when its window is empty
 *       heap_refill         the window moves on: in the span, to a partial span, to one that another thread left
 *                           behind, to a new one                              (heap.c)
 *         slices_take       a free slice, or the next of the space            (slices.c)
 *     take_sampling         the same with the option sample: one in many becomes a guarded object (sampling.h)
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
 *     heap_free_special     the countdown is over: the span changes lists or is given back
 *     large_give            a large object
 *     sampled_give          a guarded object of the option sample           (sampled.c)
 *     misuse_*              what is no object of this heap
 */
#ifndef FREEHOLD_HEAP_FAST_H
#define FREEHOLD_HEAP_FAST_H

#include "heap/allocate.h"
#include "heap/collected_slot.h"
#include "heap/thread.h"

/* Takes the lowest free slot of a window; false when it has none. */
ALWAYS_INLINE bool window_take(uint64_t *word, uint32_t *slot) {
#if FAST_PATH_X86
  uint64_t free_bits = *word, lowest;
  bool some; /* without a bit the number found is any; no bit of 0 is set, whichever is asked for */
  __asm__("rep bsfq %1, %0" : "=r"(lowest) : "r"(free_bits) : "cc");
  __asm__("btrq %2, %0" : "+r"(free_bits), "=@ccc"(some) : "r"(lowest));
  if (UNLIKELY(!some))
    return false;
  *slot = (uint32_t)lowest;
#else
  uint64_t free_bits = __atomic_load_n(word, __ATOMIC_RELAXED);
  if (UNLIKELY(free_bits == 0))
    return false;
  *slot = (uint32_t)__builtin_ctzll(free_bits);
  free_bits &= free_bits - 1;
#endif
  __atomic_store_n(word, free_bits, __ATOMIC_RELAXED);
  return true;
}

ALWAYS_INLINE bool bin_take(struct bin *bin, void **object) {
  uint32_t slot;
  if (!window_take(bin->word, &slot))
    return false;
  *object = (void *)(bin->base + slot * bin->object_bytes);
  return true;
}

/* `slow` serves what the fast path can't: a function like allocate_slow. */
ALWAYS_INLINE void *allocate_or(size_t size, void *(*slow)(size_t)) {
  size_t granules = (size + GRANULE - 1) >> GRANULE_SHIFT;
  uint32_t slot;
  if (LIKELY(size <= DIRECT_MAX_BYTES) && LIKELY(window_take(thread_view.words[granules], &slot)))
    return slot_to_give((void *)(thread_view.bases[granules] + slot * thread_view.slot_bytes[granules]),
                        thread_view.slot_bytes[granules]);
  return slow(size);
}

ALWAYS_INLINE void *allocate(size_t size) {
  return allocate_or(size, allocate_slow);
}

/* Whether `pointer` is exactly the start of a slot of a span that this thread may free into without looking further. */
ALWAYS_INLINE bool own_slot_at(const void *pointer, struct span **span, struct slot_bit *slot) {
  uintptr_t address = (uintptr_t)pointer;
  *span = SHARED_LOAD(thread_view.owned[(address >> SLICE_SHIFT) & thread_view.owned_mask]);
  return LIKELY(span_slot(*span, address, slot));
}

/*
 * Frees what own_slot_at has found: one less on the countdown, and the slot's bit set, in this order, for a span must not
 * be touched once its last object is free. False, with the bit as it was, when the countdown is over or the slot was
 * free already.
 */
ALWAYS_INLINE bool span_free_own(struct span *span, struct slot_bit slot) {
#if FAST_PATH_X86
  uint64_t bits = span_free_bits(span)[slot.word];
  bool special; /* bts leaves the zero flag, here the countdown's, alone */
  __asm__("subl $1, %1\n\tbtsq %4, %2"
          : "=@ccbe"(special), "+m"(span->countdown), "+r"(bits), "+r"(slot.word) /* or the address gets a register */
          : "r"(slot.bit));
  if (UNLIKELY(special))
    return false;
  span_free_bits(span)[slot.word] = bits;
#else
  uint64_t *word = &span_free_bits(span)[slot.word];
  uint64_t bits = __atomic_load_n(word, __ATOMIC_RELAXED), bit = (uint64_t)1 << slot.bit % 64;
  if (UNLIKELY(span_count_down(span) == 0) || UNLIKELY((bits & bit) != 0))
    return false;
  __atomic_store_n(word, bits | bit, __ATOMIC_RELEASE);
#endif
  return true;
}

ALWAYS_INLINE void release_own(void *pointer, struct span *span, struct slot_bit slot) {
  if (UNLIKELY(!span_free_own(span, slot)))
    heap_free_special(pointer, span);
}

ALWAYS_INLINE void release(void *pointer) {
  struct span *span;
  struct slot_bit slot;
  if (UNLIKELY(!own_slot_at(pointer, &span, &slot)))
    return release_slow(pointer);
  release_own(pointer, span, slot);
}

#endif
