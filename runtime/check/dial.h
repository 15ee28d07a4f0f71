/*
 * dial.h: which object is worth a guarded slot? Guarding costs system calls and page faults; the dial spends a budget of
 * time on it, a share of the run's own (option overhead), and a budget of memory (guard_memory), and when one is used up
 * prefers objects of allocation sites that were seen least.
 *
 * Time is counted in ticks of the processor's own counter, by those who spend it.
 */
#ifndef FREEHOLD_CHECK_DIAL_H
#define FREEHOLD_CHECK_DIAL_H

#include "base/bits.h"
#include "trace/stack.h"

void dial_start(void);

/* Whether an object of `bytes` bytes from this site is to be guarded. Counts it at the site. */
bool dial_guards(struct stack_site *site, size_t bytes);
/* Whether a fresh guarded object of this site is to be watched as well. */
bool dial_watches(struct stack_site *site);
/* Whether there is time for watching left. */
bool dial_may_watch(void);
/* Whether stacks are to be taken exactly; else those of busy sites come from a cache. */
bool dial_exact(void);

/* Ticks now; the same in the handler of a fault, less what the kernel takes to come there and back; and what was spent
 * since `from`. */
uint64_t dial_ticks(void);
uint64_t dial_fault_ticks(void);
void dial_spent_since(uint64_t from);
/* The same of time that watching took. */
void dial_watched_since(uint64_t from);

/* All that was spent, and the time since the start, in nanoseconds. */
uint64_t dial_spent_nanoseconds(void);
uint64_t dial_nanoseconds(void);

#endif
