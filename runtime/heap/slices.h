/*
 * slices.h: who gets which slices; the room of everything between a span and the space.
 *
 * Free slices stand in runs, each with a descriptor of kind FH_SPAN_FREE that the table entries of its first and last
 * slice point to, so that a run that is given back finds its free neighbours and joins them. Runs wait in buckets by
 * length; the shortest that fits is taken, to keep long runs whole. Dirty runs also stand in a list by age, oldest
 * first, from which the purge takes.
 *
 *   slices handed out = sum over spans in use + sum over free runs           (slices_validate)
 *   accounts.heap_bytes = (slices in use + dirty free slices) * 64 KiB
 *
 * All state here is under the slice lock, which these functions take themselves unless they end in _locked.
 */
#ifndef FREEHOLD_HEAP_SLICES_H
#define FREEHOLD_HEAP_SLICES_H

#include "base/lock.h"
#include "heap/span.h"

INTERNAL extern struct lock slice_lock;

/* A span of `count` slices whose address is a multiple of `alignment` (bytes, a power of two), of `kind`, in the table. class_index: CLASS_NONE but for small spans, whose bitmaps are made. Purges first when the limit wants it.
 * NULL when there is no memory. */
struct span *slices_take(enum fh_span_kind kind, unsigned class_index, size_t count, size_t alignment,
                         struct heap *heap);

/* Gives a span's slices and descriptor back. */
void slices_give(struct span *span);
void slices_give_locked(struct span *span);
/* What was to be given back while a collector marked (collected.marking), which is over. Under no lock. */
void slices_give_held_back(void);

/* Lengthens a span in use by the `more` slices behind it, if they are free or were never handed out. */
bool slices_extend(struct span *span, size_t more);
/* Gives back all but the first `keep` slices. */
void slices_shrink(struct span *span, size_t keep);

/* After a span's pages were moved away: its slices are as good as new. */
void slices_mark_clean(struct span *span);

/* Gives back dirty free runs that were freed before `deadline` (kernel_now_coarse), oldest first, until at most
 * `keep_bytes` are left dirty or `runs_most` runs were done. Returns the bytes given back. Drops the lock around system calls. */
size_t slices_purge(uint64_t deadline, size_t keep_bytes, unsigned runs_most);

/* The invariants above; ends the program where one doesn't hold. For tests. */
void slices_validate(void);

/* In a child of fork: the other threads are gone, and what they were doing here will not be finished. */
void slices_after_fork_in_child(void);

#endif
