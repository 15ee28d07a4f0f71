/*
 * collected.h: what a collector, which stands above the heap in the house, adds to it, and what the heap asks of it.
 *
 * Only libraries built with FH_COLLECTED have any of this; in the others COLLECTED is 0 and the calls are gone.
 *
 * Every small span has a third bitmap, its mark bits, and every span notes the cycle in which it was swept last.
 * Between a collection and the sweep of a span, objects of it that nothing reaches count as live. Whoever wants to
 * allocate from a span, or to know how much of it is free, sweeps it first.
 *
 *   span.swept = collected.cycle  <=>  it holds no dead object of the last cycle, and no mark of it
 */
#ifndef FREEHOLD_HEAP_COLLECTED_H
#define FREEHOLD_HEAP_COLLECTED_H

#include "base/bits.h"

#if defined(FH_COLLECTED)
#define COLLECTED 1
#else
#define COLLECTED 0
#endif

/* The heaps that each thread has: of objects that may hold pointers, and of those that don't. */
#define THREAD_HEAPS (COLLECTED ? 2u : 1u)

struct span;
struct heap;

/* What an object is to the collector, as its span and its heap say. The first ones; collect/collect.h has them all. */
enum {
  KIND_SCANNED,              /* every word may be a pointer */
  KIND_ATOMIC,               /* never has pointers, never read */
  KIND_UNCOLLECTABLE,        /* a root, scanned, until it is freed */
  KIND_ATOMIC_UNCOLLECTABLE, /* stays until it is freed; never read */
  KIND_OTHER_FIRST,
};
#define COLLECT_KEPT      1u /* only its program frees it */
#define COLLECT_BY_START  2u /* of a large object: pointers behind its first page don't count */
#define COLLECT_HELD_BACK 4u /* of a span: to be given back once no collector looks at it */
/* In span.swept: a large object that has not been given out yet. */
#define COLLECT_NEWBORN UINT32_MAX

struct collected {
  /* Atomic: bytes that may still be handed out until a collection is due. */
  int64_t allowance;
  uint64_t handed_out; /* atomic: bytes since the start */
  uint32_t cycle;      /* finished collections; written while the world stands still */
  /* Marks are set while the program runs: a span that is given back stays what it is until heap_sweep_all, so that who looks
   * at a descriptor without a lock sees the same one all the time. Written while the world stands still; slice lock. */
  bool marking;
  /* Called before memory is taken when the allowance is used up, and when there is none to be had: true when it is worth
   * another try. Under no lock. NULL until a collector is there. */
  bool (*collect)(bool out_of_memory);
  /* Counts what a sweep found: objects and bytes. */
  uint64_t swept_objects, swept_bytes; /* atomic */
  /* Where somebody wants to know of every object (option gc_report): called when one was allocated, in the thread's
   * heaps or as a large one, and when a sweep found the objects of `dead`, bits of word `word` of the span's bitmaps (of a
   * large object bit 0). NULL, or set once while there is one thread. The latter under locks. */
  void (*allocated)(void *object);
  /* A client has a word with the dead first: returns those, of bits as below, that live on until the next collection. */
  uint64_t (*last_word)(const struct span *span, unsigned word, uint64_t dead);
  void (*died)(const struct span *span, unsigned word, uint64_t dead);
};
INTERNAL extern struct collected collected;

/* Bytes were handed to a thread to allocate from. */
ALWAYS_INLINE void collected_hand_out(size_t bytes) {
  if (!COLLECTED)
    return;
  __atomic_fetch_sub(&collected.allowance, (int64_t)bytes, __ATOMIC_RELAXED);
  __atomic_fetch_add(&collected.handed_out, bytes, __ATOMIC_RELAXED);
}

/* On the way to more memory, under no lock. */
ALWAYS_INLINE void collected_before_growth(void) {
  if (COLLECTED && UNLIKELY(__atomic_load_n(&collected.allowance, __ATOMIC_RELAXED) < 0) && collected.collect != NULL)
    collected.collect(false);
}
ALWAYS_INLINE bool collected_make_room(void) {
  return COLLECTED && collected.collect != NULL && collected.collect(true);
}

ALWAYS_INLINE void *collected_note(void *object) {
  if (COLLECTED && UNLIKELY(collected.allocated != NULL) && object != NULL)
    collected.allocated(object);
  return object;
}

/* Takes the dead out of a span that was not swept since the last collection. Under its heap's lock. True when it was to
 * be swept. */
bool collected_sweep(struct span *span);

/* By a span's owner, at the end of what it does to the bits of a current span without a lock: if a collection came
 * meanwhile, everything in the span lives on. */
void collected_keep(struct span *span);

/* ---- For the collector ---- */

/* Takes every lock of the heap, at a moment when nothing is in the purge's hands; and drops them. */
void heap_lock_all(void);
void heap_unlock_all(void);
/*
 * While the world stands still, after `cycle` was counted: sweeps the spans that threads allocate from, and tells all
 * heaps to look for what others have freed. A thread may have been stopped between the store that takes a slot and
 * having its address anywhere: so nothing is freed in the windows of other heaps than the calling thread's two. And
 * nothing at all is freed in the current spans of a thread that was stopped while it looked for a window: a slot may be in
 * none of the bitmaps then.
 */
void heap_sweep_current(const struct heap *own_scanned, const struct heap *own_atomic);
/* The object that starts here lives on until the next collection, if the last one found it dead and no sweep has taken it
 * yet. While no collection is being done. */
void collected_spare(const void *object);
/* While the world stands still: a cycle is given up. */
void heap_clear_marks(void);
/* Sweeps every span that was not, and gives back those that are empty. `give_large` frees a dead large object. False when
 * some were busy: once more. Under no lock. */
bool heap_sweep_all(void);

#endif
