/*
 * thread.h: each thread's heap: how it is found, made, left behind when the thread ends, and carried over fork.
 */
#ifndef FREEHOLD_HEAP_THREAD_H
#define FREEHOLD_HEAP_THREAD_H

#include "heap/heap.h"

/*
 * What the fast paths of one thread read. Written by the thread alone.
 *
 * bins: for requests up to DIRECT_MAX_BYTES, by granules, the bin that serves them. They all start out at the empty
 * bin, so that a thread's first allocation is just one more that finds no free slot.
 * owned, owned_limit: the heap's table of owned spans. A slice at or above the limit is none of this thread's.
 */
struct thread_view {
  size_t owned_limit;
  struct span **owned;
  struct bin *bins[DIRECT_ENTRIES];
};
INTERNAL extern __thread struct thread_view thread_view;
/* NULL before the thread's first allocation and after its heap was left behind. */
INTERNAL extern __thread struct heap *thread_heap;

ALWAYS_INLINE uintptr_t thread_pointer(void) {
  return (uintptr_t)__builtin_thread_pointer();
}

/* Copies the heap's table of owned spans into the view, if the heap is this thread's. */
void thread_view_refresh(struct heap *heap);

/* This thread's heap, made if need be; NULL when there is no memory. */
struct heap *thread_heap_get(void);

/* A heap that no thread owns, in the registry, or NULL. */
struct heap *heap_create_own(void);
void heap_destroy_own(struct heap *heap);

/* Once, when the library is loaded: the hooks for the end of a thread and for fork. */
void thread_start_hooks(void);

#endif
