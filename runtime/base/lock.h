/*
 * lock.h: a futex lock of four bytes, with ranks.
 *
 * A thread may take a lock only while every lock it holds has a lower rank; the fork handlers take them all in rank
 * order. Not recursive. Works before main, in a child of fork and in the purge thread, which has no thread-local
 * storage; therefore the rank is checked by the callers' structure and the validator, not by a per-thread list.
 */
#ifndef FREEHOLD_BASE_LOCK_H
#define FREEHOLD_BASE_LOCK_H

#include "base/bits.h"

/* Lower is taken first. */
enum lock_rank {
  LOCK_RANK_REGISTRY, /* the list of thread heaps */
  LOCK_RANK_HEAP,     /* one heap's lists of spans */
  LOCK_RANK_SHARED,   /* the shared heap's lists: an ending thread's heap is emptied into it */
  LOCK_RANK_VAULTS,   /* the list of protected heaps */
  LOCK_RANK_VAULT,    /* one protected heap */
  LOCK_RANK_SLICES,   /* free slices, the slice table, span descriptors */
  LOCK_RANK_SAMPLED,  /* which guarded slots are free */
};

struct lock {
  uint32_t state; /* 0 free, 1 taken, 2 taken and somebody waits; atomic */
};

void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

/* Tells the processor that this is a loop of waiting. */
ALWAYS_INLINE void spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ volatile("yield");
#endif
}

ALWAYS_INLINE bool lock_try(struct lock *lock) {
  uint32_t expected = 0;
  return __atomic_compare_exchange_n(&lock->state, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

ALWAYS_INLINE void lock_take(struct lock *lock) {
  if (UNLIKELY(!lock_try(lock)))
    lock_wait(lock);
}

ALWAYS_INLINE void lock_drop(struct lock *lock) {
  if (UNLIKELY(__atomic_exchange_n(&lock->state, 0, __ATOMIC_RELEASE) == 2))
    lock_wake(lock);
}

/* In a child of fork, where no other thread is left: free whatever state was copied. */
ALWAYS_INLINE void lock_reset(struct lock *lock) {
  __atomic_store_n(&lock->state, 0, __ATOMIC_RELEASE);
}

#endif
