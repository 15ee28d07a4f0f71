/*
 * span.h: one or more slices with what is in them, and the descriptor that says so.
 *
 * A small span is a slice, or a few, cut in slots of one size. Which slots are free stands in bitmaps of the descriptor, never
 * in the slots: running off an object can't reach them, a freed object's pages can be given back, and whether a
 * pointer names a live object is a fact and not a guess.
 *
 *   free bits    1: the slot is free. Written by the owner alone, without atomics, or, in a span without an owner,
 *                under its heap's lock.
 *   remote bits  1: the slot was freed by somebody else and the owner has not taken it back yet. Set atomically by
 *                anyone, taken (exchanged with 0) by the owner or, in a span without one, under its heap's lock.
 *
 *   cached bits  of a long span only. 1: the slot was freed and some thread keeps it at hand (long_cache.h). Set and
 *                cleared atomically by anyone: whoever clears a bit holds the slot.
 *
 *   slot i is live  <=>  free bit i = 0 and remote bit i = 0 and cached bit i = 0   (bits at or above capacity are 0)
 *   live = capacity - count(free bits) - count(remote bits) - count(cached bits)
 *   a bit is never 1 in two of them
 *
 * The states of a small span:
 *
 *   CURRENT  the window of its heap's bin is on it; only the owner's unlocked paths touch its free bits
 *   PARTIAL  in its heap's list of spans worth allocating from
 *   FULL     in its heap's list of spans with few free slots, or none
 *   BUSY     in no list: the purge gives back pages of it, or it is on its way back to the slices
 *
 * CURRENT -> FULL when its slots run out; FULL -> PARTIAL when enough were freed; PARTIAL -> CURRENT when the bin
 * needs slots; FULL or PARTIAL -> released when nothing in it is live. All under the heap's lock.
 */
#ifndef FREEHOLD_HEAP_SPAN_H
#define FREEHOLD_HEAP_SPAN_H

#include "heap/collected.h"
#include "heap/size_class.h"
#include "space/space.h"

enum span_state { SPAN_CURRENT, SPAN_PARTIAL, SPAN_FULL, SPAN_BUSY };

struct heap;

struct span {
  /* These stand in record/accounts.h too: readers outside the process know them. */
  uintptr_t owner; /* changes under the heap's lock; atomic */
  uint64_t freed_calls;
  uint32_t slices;
  uint16_t capacity;
  uint8_t words;
  uint8_t kind; /* enum fh_span_kind; slice lock */
  uint16_t remote_offset;
  uint8_t class_index;
  union {
    uint8_t touched_words; /* owner: the windows that were ever open; behind them no slot was handed out */
    uint8_t huge_pages;    /* of a large object: were asked for; fixed while it is in use */
  };
  uint32_t cached; /* atomic; 0 in whatever is no long span: a stale look at a descriptor must find no bit here */
  uint64_t object_bytes; /* fixed, but for a large object that is resized in place */
  uint32_t countdown_start;

  uint32_t first_slice;  /* fixed while in use; slice lock */
  uint32_t dirty_slices; /* of a free run; slice lock */
  uint16_t
      free_slots; /* free bits when the countdown was set, of a PARTIAL or FULL span; of a CURRENT one frees before that; owner */
  uint16_t purged;    /* given back: pages since the span was last current, or slots of a long span; heap's lock */
  uint16_t walk_live; /* live slots when the purge last came by; purge thread */
  uint8_t state;      /* enum span_state; heap's lock; atomic for the purge's first look */
  uint8_t descriptor_units;     /* size of this descriptor in units of 64 bytes; fixed */
  struct heap *heap;            /* whose lists it is in; heap's lock, atomic for readers */
  struct span *previous, *next; /* a heap's list, or the bucket of a free run */
  union {
    struct { /* a free run with dirty pages: in order of age */
      struct span *older, *newer;
      uint64_t freed_at; /* nanoseconds, coarse clock */
    };
    struct { /* a large object of a heap of one's own: the heap's list; heap's lock */
      struct span *large_previous, *large_next;
    };
  };
  /* Of a library with a collector; see collected.h. */
  uint64_t large_mark;   /* of a large object: marked; atomic */
  uint32_t swept;        /* the cycle whose dead were taken last; heap's lock, or the world stands still */
  uint16_t mark_offset;  /* of the mark bits, of a small span; fixed */
  uint8_t collect_kind;  /* what its objects are to the collector; fixed after the first object was given out */
  uint8_t collect_flags; /* COLLECT_KEPT, COLLECT_BY_START; the same; COLLECT_HELD_BACK: slice lock */

  /* What every free looks at, and known to readers outside again: at the start of a cache line, which the first words of
   * the free bitmap share. */
  uintptr_t start;      /* fixed while the span is in use */
  uint64_t inverse;     /* fixed; see span_slot */
  uint64_t exact_bound; /* 0 sends the owner's frees to the slow path; set by whoever sets a remote bit; atomic */
  uint32_t countdown;   /* owner; the free path without a lock ends when it reaches 0 */
  uint32_t slot_bytes;  /* object_bytes, of a small span; fixed */
};

#define SPAN_UNIT 64u
_Static_assert(sizeof(struct span) == FH_SPAN_FREE_BITS, "the free bitmap stands right behind the span's fields");
_Static_assert(offsetof(struct span, start) % SPAN_UNIT == 0, "the free path's fields begin a cache line");
#define SAME_PLACE(field) (offsetof(struct span, field) == offsetof(struct fh_span_record, field))
_Static_assert(SAME_PLACE(owner) && SAME_PLACE(freed_calls) && SAME_PLACE(slices) && SAME_PLACE(capacity) &&
                   SAME_PLACE(words) && SAME_PLACE(kind) && SAME_PLACE(remote_offset) && SAME_PLACE(class_index) &&
                   SAME_PLACE(cached) && SAME_PLACE(object_bytes) && SAME_PLACE(countdown_start) &&
                   SAME_PLACE(start) && SAME_PLACE(inverse) && SAME_PLACE(countdown) &&
                   sizeof(struct span) == sizeof(struct fh_span_record),
               "a reader outside the process sees a span through its record");

/* What table entries of slices nobody holds point to: no pointer is a slot of it. */
INTERNAL extern struct span no_span;

ALWAYS_INLINE uint64_t *span_free_bits(struct span *span) {
  return (uint64_t *)((char *)span + FH_SPAN_FREE_BITS);
}
ALWAYS_INLINE uint64_t *span_remote_bits(struct span *span) {
  return (uint64_t *)((char *)span + span->remote_offset);
}

ALWAYS_INLINE uint64_t *span_mark_bits(struct span *span) {
  return (uint64_t *)((char *)span + span->mark_offset);
}

/* A slot of a span: a word of the bitmap and, in the low six bits of `bit`, a bit of it. */
struct slot_bit {
  size_t word;
  uint64_t bit;
};

/*
 * Whether `address` is exactly the start of one of the span's slots: *slot when the result is true.
 *
 * With D = 64 slots' bytes and inverse = 2^64 / D rounded up to the next integer, (address - start) * inverse has the
 * slot's word in its high half, and in its low half the bit in the upper six bits and, in the others, what is small
 * exactly when the slot's size divides the offset (after Lemire, Kaser, Kurz: Faster remainder by direct computation,
 * 2019). Rotated by six, the bit is where the processor's bit instructions look for it, and the rest can be compared:
 * for slot i it is i * (64 * inverse * size - 2^64) / 64, which grows with i, so a bound at the capacity's value turns
 * away what lies behind the last slot, and before the first. (More than 2^58 / size from the start, so 32 TiB for the
 * largest, an address that is no multiple of 16 could pass.) A span that is not small has bound 0: nothing is a slot of
 * it.
 */
ALWAYS_INLINE bool span_slot(const struct span *span, uintptr_t address, struct slot_bit *slot) {
  uint64_t low;
#if FAST_PATH_X86 /* one instruction leaves both halves where they are wanted */
  low = address - span->start;
  __asm__("mulq %2" : "+a"(low), "=d"(slot->word) : "m"(span->inverse) : "cc");
#else
  unsigned __int128 product =
      (unsigned __int128)(address - __atomic_load_n(&span->start, __ATOMIC_RELAXED)) * span->inverse;
  slot->word = (size_t)(product >> 64);
  low = (uint64_t)product;
#endif
  slot->bit = low << 6 | low >> 58;
  return slot->bit < SHARED_LOAD(span->exact_bound);
}

ALWAYS_INLINE size_t slot_index(struct slot_bit slot) {
  return slot.word * 64 + slot.bit % 64;
}

/* The slot that `offset` lies in; may be at or above the capacity. Of a long span, too. */
ALWAYS_INLINE uint32_t span_slot_around(const struct span *span, uint32_t offset) {
  return (uint32_t)((unsigned __int128)offset * span->inverse >> 58);
}

/* The inverse of a slot size; never 2^64 / D itself, which would leave nothing to compare. */
ALWAYS_INLINE uint64_t slot_inverse(uint64_t bytes) {
  uint64_t inverse = ~(uint64_t)0 / (64 * bytes) + 1;
  return is_power_of_two(bytes) ? inverse + 1 : inverse;
}
/* exact_bound of a small span whose owner may take the fast path. */
ALWAYS_INLINE uint64_t span_exact_bound(const struct span *span) {
  return 64 * span->inverse * span->object_bytes * span->capacity; /* the excess is this product minus 2^64 */
}

/* No pointer is a slot of it any more. */
ALWAYS_INLINE void span_close(struct span *span) {
  span->inverse = 0;
  __atomic_store_n(&span->exact_bound, 0, __ATOMIC_RELAXED);
}

ALWAYS_INLINE enum span_state span_state(const struct span *span) {
  return (enum span_state)__atomic_load_n(&span->state, __ATOMIC_RELAXED);
}
ALWAYS_INLINE void span_set_state(struct span *span, enum span_state state) {
  __atomic_store_n(&span->state, (uint8_t)state, __ATOMIC_RELAXED);
}

/* Longer than a slice: no unlocked paths. */
ALWAYS_INLINE bool span_is_long(const struct span *span) {
  return span->object_bytes > FAST_MAX_BYTES;
}

/* The slot's free bit; its owner need not look further, unless others have freed in the span. */
ALWAYS_INLINE bool span_slot_is_free(struct span *span, struct slot_bit slot) {
  return (__atomic_load_n(&span_free_bits(span)[slot.word], __ATOMIC_RELAXED) >> slot.bit % 64 & 1) != 0;
}

ALWAYS_INLINE bool span_slot_is_live(struct span *span, size_t index) {
  uint64_t bit = (uint64_t)1 << index % 64;
  /* Only of a long span, which has one word. */
  uint64_t cached = __atomic_load_n(&span->cached, __ATOMIC_RELAXED) & FH_CACHED_SLOTS;
  return ((__atomic_load_n(&span_free_bits(span)[index / 64], __ATOMIC_RELAXED) |
           __atomic_load_n(&span_remote_bits(span)[index / 64], __ATOMIC_RELAXED) | cached) &
          bit) == 0;
}

/* One free less until the slow path; how many are left. By the owner. */
ALWAYS_INLINE uint32_t span_count_down(struct span *span) {
  uint32_t left = __atomic_load_n(&span->countdown, __ATOMIC_RELAXED) - 1;
  __atomic_store_n(&span->countdown, left, __ATOMIC_RELAXED);
  return left;
}

/* Sets free bits of a word, by whoever may write them. */
ALWAYS_INLINE void span_set_free(struct span *span, size_t number, uint64_t bits) {
  uint64_t *word = &span_free_bits(span)[number];
  __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) | bits, __ATOMIC_RELEASE);
}

/* Descriptor for a small span of `class_index`, or with CLASS_NONE one without bitmaps. Under the slice lock. NULL
 * when there is no memory. */
#define CLASS_NONE CLASS_COUNT
struct span *span_descriptor_take(unsigned class_index);
void span_descriptor_give(struct span *span);

/* Makes a fresh descriptor a small span whose slots are all free. */
void span_format(struct span *span, unsigned class_index);

/* Puts the remote bits of word `number`, of which there are some, among the free ones. Returns the word's free bits. */
uint64_t span_take_remote_bits(struct span *span, unsigned number);
/* The free bits of word `number` with the remote ones, for the owner (or under the lock of a heap without one). */
ALWAYS_INLINE uint64_t span_take_remote(struct span *span, unsigned number) {
  if (UNLIKELY(__atomic_load_n(&span_remote_bits(span)[number], __ATOMIC_RELAXED) != 0))
    return span_take_remote_bits(span, number);
  return __atomic_load_n(&span_free_bits(span)[number], __ATOMIC_RELAXED);
}
/* Others may have freed in it since its owner looked. Always so of a long span, in which anyone frees. */
ALWAYS_INLINE bool span_has_remote_frees(const struct span *span) {
  return __atomic_load_n(&span->exact_bound, __ATOMIC_RELAXED) == 0;
}
/* The owner's frees since the countdown was set. */
ALWAYS_INLINE uint32_t span_counted_frees(const struct span *span) {
  return span->countdown_start - span->countdown;
}
/* Of a current span: the owner's frees since it became that. */
ALWAYS_INLINE uint32_t span_current_frees(const struct span *span) {
  return span->free_slots + span_counted_frees(span);
}
/* All words; returns the number of free slots. */
unsigned span_take_all_remote(struct span *span);
/* How many slots of a span that nobody allocates from are free, as its owner knows: counted anew only if others have
 * freed in it. */
unsigned span_free_slots(struct span *span);
/* Puts the slots of a long span that threads keep at hand among the free ones, from under them. Under the lock. */
void span_take_cached(struct span *span);
/* Carries the count of frees into caches into freed_calls. Under the lock. */
void span_count_cached(struct span *span);

/* For the collector: the live slots without a mark are freed as by another thread, but for those of word `spared`, and
 * the marks cleared. Returns how many were freed. Under the heap's lock. */
#define SPARE_NONE UINT32_MAX
unsigned span_sweep(struct span *span, unsigned spared);

/* How many slots are live. Exact when nobody else is at work on the span. */
unsigned span_live(struct span *span);

/* Sets the countdown, carrying what the old one counted into freed_calls; `free_slots` of the span are free now. Owner,
 * or under the lock. */
void span_set_countdown(struct span *span, uint32_t countdown, unsigned free_slots);

/* ---- Lists, linked both ways. ---- */

struct span_list {
  struct span *first, *last;
};
void span_list_append(struct span_list *list, struct span *span);
void span_list_prepend(struct span_list *list, struct span *span);
void span_list_remove(struct span_list *list, struct span *span);

#endif
