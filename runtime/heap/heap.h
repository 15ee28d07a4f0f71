/*
 * heap.h: a heap: for every size class the span it allocates from and the spans it can turn to next.
 *
 * Four kinds of heap are made of this one struct:
 *   a thread heap    owner is its thread's thread pointer; that thread allocates and frees without a lock
 *   the shared heaps  have no owner; keep the spans of threads that have ended until another thread adopts them
 *   the long heaps  have no owner; classes above FAST_MAX_BYTES come from the one of the processor that asks. Such
 *                   spans are half a megabyte and few: a set of them for each thread would hold more than is live
 *   a heap of one's own (fh_heap_create)  has no owner; every allocation from it holds its lock
 *
 * Heaps are never given back to the system and never become anything else, so that a thread that has just freed
 * somebody's last object may still leave a hint in what was its heap.
 */
#ifndef FREEHOLD_HEAP_HEAP_H
#define FREEHOLD_HEAP_HEAP_H

#include "base/lock.h"
#include "heap/span.h"

/*
 * The window of one size class: 64 slots of the current span. Of the classes up to DIRECT_MAX_BYTES the thread's view
 * has a copy (thread_view_show). Written by the owner (or under the lock of a heap without one). An empty bin's word points to a constant 0.
 */
struct bin {
  uint64_t *word;        /* the free bits of the window */
  uintptr_t base;        /* address of the window's first slot */
  uint64_t object_bytes; /* fixed */
  struct span *span;     /* the current span, or NULL */
  unsigned word_number;
  uint16_t class_index; /* fixed */
  uint16_t
      until_sample; /* sampling.h: allocations until one is picked, the view hides the window; 0: none is in sight */
};

/* See long_cache.h. */
#define LONG_CACHE_MOST 8u
struct long_cache {
  unsigned count;
  uintptr_t entries[LONG_CACHE_MOST];
};

struct heap {
  struct lock lock;
  bool formatted;          /* lock; of a long heap not before it is first used; atomic for that look */
  uintptr_t owner;         /* registry lock, and fixed while the owner lives */
  uint64_t remote_classes; /* atomic: classes in which somebody else has freed since the owner looked */
  struct heap *next;       /* registry lock: all heaps */
  struct heap *next_idle;  /* registry lock: heaps without a thread */
  /* The spans of this heap that its owner may free into on the fast path, by the low bits of their slice's number; other
   * entries point to no_span. What is not in the table (two spans may want the same entry of the largest one) takes the
   * slow path. The owner reads it without a lock, extends it under the lock; the purge clears entries under the lock. */
  struct span **owned;
  size_t owned_mask;                     /* entries - 1 */
  struct span_list partial[CLASS_COUNT]; /* lock */
  struct span_list full[CLASS_COUNT];    /* lock */
  struct bin bins[CLASS_COUNT];
  struct long_cache long_cache[LONG_CLASSES]; /* of a thread heap; its thread */
  uint64_t sample_left;                       /* sampling.h; 0: to be drawn; owner */
  uint64_t cached_bytes;                      /* freed into long_cache since the purge was told; its thread */
  /* Of a heap of one's own only. Fixed, but for the counts and the list, which are under the lock. */
  bool own;
  bool zeroed;
  /* What its objects are to a collector; fixed. */
  uint8_t collect_kind, collect_flags;
  /* Its owner is in heap_refill: of its current spans no bit says anything for certain. Owner; others read it while the
   * world stands still. */
  bool refilling;
  size_t limit_bytes, held_bytes, large_bytes, large_objects;
  struct span *large;  /* its large objects */
  struct vault *vault; /* one whose memory can be closed has all of its objects there (vault.h); else NULL */
  char name[32];
};

/* One for each kind of thread heap. */
INTERNAL extern struct heap shared_heaps[THREAD_HEAPS];
#define LONG_HEAPS 8u
INTERNAL extern struct heap long_heaps[LONG_HEAPS];
/* What an empty window's word points to: stays 0. */
INTERNAL extern uint64_t no_free_slots;
/* The table of a heap that owns nothing: one entry. */
INTERNAL extern struct span *no_owned[1];

void heap_format(struct heap *heap, uintptr_t owner);

/* Where this thread's objects of a class above FAST_MAX_BYTES come from. */
struct heap *heap_for_long(void);

/* Whether the limit of a heap of one's own leaves room for `bytes` more; gives its empty spans back to make some. Under
 * its lock. */
bool heap_admits(struct heap *heap, size_t bytes);

/* Points the bin's window at free slots: the rest of the current span, then spans with room, then a span that a
 * thread has left behind, then a new one. False when there is no memory. By the owner; for a heap without an owner
 * under its lock. */
bool heap_refill(struct heap *heap, struct bin *bin);

/* An object of `class_index`, through the bin and its refill. NULL when there is no memory. Takes the lock of a heap
 * without an owner. */
void *heap_take_slot(struct heap *heap, unsigned class_index);
/* The same, of a heap without an owner, and all of the slot is zero before its lock is dropped. */
void *heap_take_cleared_slot(struct heap *heap, unsigned class_index);

/* The owner's free that brought the countdown to 0, or that found the slot free already. The slot's bit is set under the
 * lock, so that the span is not given back by the purge while its owner is still at work on it. */
void heap_free_special(const void *pointer, struct span *span);

/* Frees slot `index` of a span that the caller owns, where the fast path could not: others have freed in it, or it is
 * not in the table of owned spans. */
void heap_free_owned(const void *pointer, struct span *span, size_t index);

/* Frees slot `index` of a long span, by anyone. */
void heap_free_long(const void *pointer, struct span *span, size_t index);
/* Puts a slot of a long span that was freed before, and was in no bitmap since, among the free ones. */
void heap_return_long(struct span *span, size_t index);

/* Frees slot `index` of a span of one slice that the caller does not own. */
void heap_free_remote(struct span *span, size_t index, const void *pointer);

/* Moves every span to the shared heap: the heap's thread has ended. Under no lock. */
void heap_abandon(struct heap *heap);

/* Frees every span of a heap of one's own. */
void heap_release_all(struct heap *heap);

/* For the purge: releases the span if nothing in it is live, under the slice lock, without waiting for the heap's. */
bool heap_release_if_empty_locked(struct span *span);
/* For the purge: takes what it may give back out of reach, so that nobody allocates there, and puts it back. Of a
 * span of one slice that is the whole span, out of its lists (slots: 0); of a long span, the free slots that have not
 * been given back since they were last used (slots: their bits). False when there is nothing, or its heap is busy. */
bool heap_borrow_locked(struct span *span, uint64_t *slots);
void heap_return(struct span *span, uint64_t slots);
/* Sweeps a span for the collector, which has not been swept, under the slice lock. False when its heap is busy. */
bool heap_sweep_locked(struct span *span);
/* Whether the purge has borrowed nothing. Under all heaps' locks. */
bool heap_nothing_borrowed(void);
/* Threads look for what others freed in spans of the shared heaps. */
void heap_hint_shared(void);
/* In a child of fork: a span that the purge had borrowed in the parent. */
void heap_after_fork_in_child(void);

#endif
