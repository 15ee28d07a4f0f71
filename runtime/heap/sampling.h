/*
 * sampling.h: which allocations get a guarded slot (heap/sampled.h): each with the same chance, one in options.sample,
 * at no cost to the others.
 *
 * An allocation on the fast path takes a free bit of its thread's window. The bit was set when the window was opened, or
 * an object freed since has set it. So the two events that are not on the fast path decide:
 *
 *   a window is opened   its free slots count against heap.sample_left; where that ends among them, bin.until_sample
 *                        says how many allocations of the class are left until then
 *   a countdown is over  of the owner's frees in its current span: when the freed slot lies in the window, one of the
 *                        next few allocations of the class is picked
 *
 * While bin.until_sample is not 0, the thread's view hides the window, so that each allocation of the class comes by
 * sampling_turn and is counted: 64 at most for each one picked. Both counts are drawn from the geometric distribution,
 * which has no memory, so that beginning anew favours nobody, and a program that allocates in a fixed order has every
 * place in it picked.
 */
#ifndef FREEHOLD_HEAP_SAMPLING_H
#define FREEHOLD_HEAP_SAMPLING_H

#include "heap/heap.h"

struct sampling {
  uint64_t one_in; /* 0: off; fixed after start */
};
INTERNAL extern struct sampling sampling;

ALWAYS_INLINE bool sampling_is_on(void) {
  return UNLIKELY(sampling.one_in != 0);
}

/* From now on one allocation in so many is picked; the calling thread's heap begins at once, others with their next
 * windows. After sampled_start, once. */
void sampling_start(uint64_t one_in);

/* A number below `bound`, which is not 0. Differs from run to run. */
uint32_t sampling_random(uint32_t bound);
/* How many allocations from now until one is picked; 1 or more. */
uint32_t sampling_draw(void);

/* All by the heap's owner. */

/* The bin has a new window. */
void sampling_window(struct heap *heap, struct bin *bin);
/* An allocation of a bin whose until_sample is not 0: the guarded object, or NULL for an ordinary one. */
void *sampling_turn(struct heap *heap, struct bin *bin, size_t size, size_t alignment);
/* An allocation that no bin of the thread serves; the same. */
void *sampling_long(struct heap *heap, size_t size, size_t alignment);
/* The countdown of the current span was over with the free of slot `index`. */
void sampling_freed(struct heap *heap, const struct span *span, size_t index);

/* The child goes on to pick others than its parent and its brothers do. */
void sampling_after_fork_in_child(void);

#endif
