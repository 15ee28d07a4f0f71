/*
 * purge.h: giving memory back while the program does something else, or nothing.
 *
 * Free slices keep their pages for the time of the option purge_delay, since reusing them is many times cheaper than
 * faulting new ones in. What is still free then goes back: first runs of free slices, then empty spans that their
 * owners have not come by to notice, then whole free pages inside of spans that have stood still. A thread of the
 * library's own does it. It is started when there is something to wait for, ends when there is not, and holds no
 * lock while the kernel works.
 */
#ifndef FREEHOLD_HEAP_PURGE_H
#define FREEHOLD_HEAP_PURGE_H

#include "heap/span.h"

/* Free slices have become more: starts or does what is due. Under the slice lock. */
void purge_wanted_locked(void);
/* A large object that has grown will fault in up to `bytes` of fresh pages: as much free memory goes back first. */
void purge_for_growth(size_t bytes);
/* Slots have become free in spans that stay: enough of it makes the purge walk the spans. */
void purge_slots_freed(uint64_t bytes);
/* Everything that can go back goes back now, but for about `keep_bytes`. Bytes given back. */
size_t purge_everything(size_t keep_bytes);
/* Empty spans become free slices, also those that only a thread's cache holds; free pages of others go back. Bytes given
 * back. */
size_t purge_spans(void);
void purge_after_fork_in_child(void);

#endif
