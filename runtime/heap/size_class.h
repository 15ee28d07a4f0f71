/*
 * size_class.h: which slot size serves a request.
 *
 * Steps of 16 bytes to 256, then eight classes for each doubling to 1 KiB, then about seven to 8 KiB, then four to
 * 64 KiB. Finer steps where programs have most objects cost a few half-empty spans and save an eighth of every object;
 * above, a slot's unused tail is mostly pages that are never touched. From 1 to 8 KiB the sizes are those of which a
 * whole number fills a slice, or nearly, and they fall between the powers of two: a page with a header before it, as
 * databases have them, wastes 7 % and not 20.
 *
 * Up to FAST_MAX_BYTES a span is one slice and its owner works on it without a lock. Above, where a call costs little
 * next to touching the object, spans are several slices long, so that they hold eight slots or more, and everything
 * is done under the heap's lock: then the purge can take free slots even from the span in use.
 */
#ifndef FREEHOLD_HEAP_SIZE_CLASS_H
#define FREEHOLD_HEAP_SIZE_CLASS_H

#include "base/bits.h"
#include "record/accounts.h"
#include "space/space.h"

#define CLASS_COUNT        63u
#define GRANULE_SHIFT      4u
#define GRANULE            ((size_t)1 << GRANULE_SHIFT)
#define DIRECT_MAX_BYTES   ((size_t)1024) /* up to here a thread finds its bin with one load */
#define DIRECT_ENTRIES     (DIRECT_MAX_BYTES / GRANULE + 1)
#define FAST_MAX_BYTES     ((size_t)8 * 1024)  /* up to here a span is one slice */
#define SMALL_MAX_BYTES    ((size_t)64 * 1024) /* up to here objects share a span */
#define LONG_CLASS_FIRST   51u                 /* the first class above FAST_MAX_BYTES */
#define LONG_CLASSES       (CLASS_COUNT - LONG_CLASS_FIRST)
#define LONG_CAPACITY_MOST 16u /* slots of a long span */

_Static_assert(CLASS_COUNT <= FH_ACCOUNTS_CLASSES, "the accounts have no room for so many classes");

INTERNAL extern const uint32_t class_bytes[CLASS_COUNT];
/* By steps of 64 bytes above DIRECT_MAX_BYTES: the class. */
#define MIDDLE_STEP_SHIFT 6u
#define MIDDLE_STEPS      ((FAST_MAX_BYTES - DIRECT_MAX_BYTES) >> MIDDLE_STEP_SHIFT)
INTERNAL extern const uint8_t middle_class[MIDDLE_STEPS];

/* The class for `size` <= SMALL_MAX_BYTES; size 0 counts as 1. */
ALWAYS_INLINE unsigned size_class(size_t size) {
  if (size <= 256)
    return (unsigned)((size + (size == 0) - 1) >> 4);
  unsigned doubling = highest_bit(size - 1); /* 8 for 257..512 */
  if (size <= 1024)
    return 16 + (doubling - 8) * 8 + (unsigned)(((size - 1) >> (doubling - 3)) & 7);
  if (size <= FAST_MAX_BYTES)
    return middle_class[(size - 1 - DIRECT_MAX_BYTES) >> MIDDLE_STEP_SHIFT];
  return LONG_CLASS_FIRST + (doubling - 13) * 4 + (unsigned)(((size - 1) >> (doubling - 2)) & 3);
}

/* Slices in a span of the class. */
ALWAYS_INLINE unsigned class_slices(unsigned class_index) {
  size_t bytes = class_bytes[class_index];
  return bytes <= FAST_MAX_BYTES ? 1 : (unsigned)divide_up(8 * bytes, SLICE_BYTES);
}

#endif
