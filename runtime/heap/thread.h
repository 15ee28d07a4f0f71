/*
 * thread.h: each thread's heap: how it is found, made, left behind when the thread ends, and carried over fork.
 */
#ifndef FREEHOLD_HEAP_THREAD_H
#define FREEHOLD_HEAP_THREAD_H

#include "heap/heap.h"

/*
 * What the fast paths of one thread read. Written by the thread alone.
 *
 * words, bases, slot_bytes: for requests up to DIRECT_MAX_BYTES, by granules, the window that serves them: its free bits,
 * where its slots start, how long they are. All windows start out empty, so that a thread's first allocation is just one
 * more that finds no free slot.
 * owned, owned_mask: the heap's table of owned spans.
 */
struct thread_view {
  size_t owned_mask;
  struct span **owned;
  uint64_t *words[DIRECT_ENTRIES];
  uintptr_t bases[DIRECT_ENTRIES];
  uint32_t slot_bytes[DIRECT_ENTRIES];
};
INTERNAL extern __thread struct thread_view thread_view;
/* NULL before the thread's first allocation and after its heap was left behind. */
INTERNAL extern __thread struct heap *thread_heap;

ALWAYS_INLINE uintptr_t thread_pointer(void) {
  return (uintptr_t)__builtin_thread_pointer();
}

/* The heap's table of owned spans has changed, or where a bin's window is: the view learns it, if the heap is this
 * thread's. */
void thread_view_refresh(const struct heap *heap);
void thread_view_show(const struct heap *heap, const struct bin *bin);

/* This thread's heap, made if need be; NULL when there is no memory. */
struct heap *thread_heap_get(void);

#if COLLECTED
/* The same for objects without pointers. */
INTERNAL extern __thread struct heap *thread_atomic_heap;
struct heap *thread_atomic_heap_get(void);
#endif

/* All heaps that are in use, under all their locks. */
void heap_each(void (*visit)(struct heap *heap));

/* A heap that no thread owns, in the registry, or NULL. */
struct heap *heap_create_own(void);
void heap_destroy_own(struct heap *heap);

/* Once, when the library is loaded: the hooks for the end of a thread and for fork. */
void thread_start_hooks(void);

#endif
