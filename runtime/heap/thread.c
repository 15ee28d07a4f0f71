#include "heap/thread.h"
#include "base/options.h"
#include "heap/accounts.h"
#include "heap/large.h"
#include "heap/long_cache.h"
#include "heap/purge.h"
#include "heap/sampled.h"
#include "heap/sampling.h"
#include "heap/slices.h"
#include "heap/start.h"
#include "heap/vault.h"
#include "space/kernel.h"

#include <pthread.h>
#include <string.h>

__thread struct thread_view thread_view = {.owned = no_owned, .words = {[0 ... DIRECT_ENTRIES - 1] = &no_free_slots}};
__thread struct heap *thread_heap;
#if COLLECTED
__thread struct heap *thread_atomic_heap;
#endif

static struct lock registry_lock;
static struct heap *all_heaps;  /* registry lock */
static struct heap *idle_heaps; /* registry lock */

/* Its destructor runs when a thread that has a heap ends. */
static pthread_key_t end_of_thread;
static bool end_of_thread_made;

/* ---- The registry. ---- */

/* A heap nobody uses, empty. Registry lock. */
static struct heap *heap_obtain(void) {
  struct heap *heap = idle_heaps;
  if (heap != NULL) {
    idle_heaps = heap->next_idle;
  } else {
    lock_take(&slice_lock);
    heap = space_metadata(sizeof *heap);
    lock_drop(&slice_lock);
    if (heap == NULL)
      return NULL;
    heap->next = all_heaps;
    all_heaps = heap;
  }
  __atomic_fetch_add(&accounts.root->thread_heaps, 1, __ATOMIC_RELAXED);
  return heap;
}

static void heap_idle(struct heap *heap) {
  lock_take(&registry_lock);
  heap->owner = 0;
  heap->own = false;
  heap->next_idle = idle_heaps;
  idle_heaps = heap;
  __atomic_fetch_sub(&accounts.root->thread_heaps, 1, __ATOMIC_RELAXED);
  lock_drop(&registry_lock);
}

struct heap *heap_create_own(void) {
  lock_take(&registry_lock);
  struct heap *heap = heap_obtain();
  if (heap != NULL) {
    heap_format(heap, 0);
    heap->collect_kind = KIND_UNCOLLECTABLE;
    heap->collect_flags = COLLECT_KEPT;
    heap->vault = NULL;
  }
  lock_drop(&registry_lock);
  return heap;
}

void heap_destroy_own(struct heap *heap) {
  heap_release_all(heap);
  large_release_all(heap);
  heap_idle(heap);
}

/* ---- This thread's heap. ---- */

void thread_view_refresh(const struct heap *heap) {
  if (heap != thread_heap)
    return;
  thread_view.owned = heap->owned;
  thread_view.owned_mask = heap->owned_mask;
}

/* Where every allocation is to be noted, all of them take the slow path: the view stays empty. */
static bool view_is_hidden(void) {
  return COLLECTED && options.gc_report;
}

void thread_view_show(const struct heap *heap, const struct bin *bin) {
  if (heap != thread_heap || bin->object_bytes > DIRECT_MAX_BYTES || view_is_hidden())
    return;
  size_t first = bin->class_index != 0 ? class_bytes[bin->class_index - 1] / GRANULE + 1 : 0;
  for (size_t granules = first; granules <= bin->object_bytes / GRANULE; granules++) {
    thread_view.words[granules] = bin->until_sample == 0 ? bin->word : &no_free_slots;
    thread_view.bases[granules] = bin->base;
    thread_view.slot_bytes[granules] = (uint32_t)bin->object_bytes;
  }
}

static void thread_view_clear(void) {
  thread_view.owned_mask = 0;
  thread_view.owned = no_owned;
  for (size_t i = 0; i < DIRECT_ENTRIES; i++)
    thread_view.words[i] = &no_free_slots;
}

static void thread_heap_leave(void *heap) {
  if (thread_heap != heap || heap == NULL)
    return;
  thread_view_clear();
  thread_heap = NULL;
  long_cache_flush(heap);
  heap_abandon(heap);
  heap_idle(heap);
#if COLLECTED
  struct heap *atomic_heap = thread_atomic_heap;
  if (atomic_heap == NULL)
    return;
  thread_atomic_heap = NULL;
  heap_abandon(atomic_heap);
  heap_idle(atomic_heap);
#endif
}

/* This thread's heap of one kind, from the registry. */
static struct heap *heap_of_thread(uint8_t kind) {
  uintptr_t self = thread_pointer();
  lock_take(&registry_lock);
  /* The heap of a thread that ended without its destructor running (its last allocation came after it), or that a
   * fork left behind: thread pointers are used again, and two heaps must not have the same owner. */
  struct heap *heap = all_heaps;
  while (heap != NULL && (heap->owner != self || heap->collect_kind != kind))
    heap = heap->next;
  if (heap == NULL) {
    heap = heap_obtain();
    if (heap != NULL) {
      heap_format(heap, self);
      heap->collect_kind = kind;
      heap->collect_flags = 0;
    }
  }
  lock_drop(&registry_lock);
  return heap;
}

COLD static struct heap *thread_heap_make(void) {
  if (!heap_started() && !heap_start())
    return NULL;
  struct heap *heap = heap_of_thread(KIND_SCANNED);
  if (heap == NULL)
    return NULL;
  thread_heap = heap;
  thread_view_refresh(heap);
  for (unsigned i = 0; i < CLASS_COUNT; i++)
    thread_view_show(heap, &heap->bins[i]);
  /* May allocate; by now that works. When it fails the heap is found again by the thread pointer. */
  if (end_of_thread_made)
    pthread_setspecific(end_of_thread, heap);
  return heap;
}

struct heap *thread_heap_get(void) {
  struct heap *heap = thread_heap;
  return LIKELY(heap != NULL) ? heap : thread_heap_make();
}

#if COLLECTED
struct heap *thread_atomic_heap_get(void) {
  if (UNLIKELY(thread_atomic_heap == NULL) && thread_heap_get() != NULL) /* whose destructor is this one's, too */
    thread_atomic_heap = heap_of_thread(KIND_ATOMIC);
  return thread_atomic_heap;
}
#endif

void heap_each(void (*visit)(struct heap *heap)) {
  for (struct heap *heap = all_heaps; heap != NULL; heap = heap->next)
    if (heap->owner != 0 || heap->own)
      visit(heap);
  for (unsigned i = 0; i < THREAD_HEAPS; i++)
    visit(&shared_heaps[i]);
  for (unsigned i = 0; i < LONG_HEAPS; i++)
    if (long_heaps[i].formatted)
      visit(&long_heaps[i]);
}

/* ---- Fork: the child gets every lock free and every list whole. ---- */

static void before_fork(void) {
  lock_take(&registry_lock);
  for (struct heap *heap = all_heaps; heap != NULL; heap = heap->next)
    lock_take(&heap->lock);
  for (unsigned i = 0; i < THREAD_HEAPS; i++)
    lock_take(&shared_heaps[i].lock);
  for (unsigned i = 0; i < LONG_HEAPS; i++)
    lock_take(&long_heaps[i].lock);
  vaults_before_fork();
  lock_take(&slice_lock);
  sampled_before_fork();
}

static void after_fork_in_parent(void) {
  sampled_after_fork_in_parent();
  lock_drop(&slice_lock);
  vaults_after_fork_in_parent();
  for (unsigned i = 0; i < LONG_HEAPS; i++)
    lock_drop(&long_heaps[i].lock);
  for (unsigned i = 0; i < THREAD_HEAPS; i++)
    lock_drop(&shared_heaps[i].lock);
  for (struct heap *heap = all_heaps; heap != NULL; heap = heap->next)
    lock_drop(&heap->lock);
  lock_drop(&registry_lock);
}

static void after_fork_in_child(void) {
  sampled_after_fork_in_child();
  sampling_after_fork_in_child();
  slices_after_fork_in_child();
  purge_after_fork_in_child();
  heap_after_fork_in_child();
  lock_reset(&slice_lock);
  vaults_after_fork_in_child();
  for (unsigned i = 0; i < THREAD_HEAPS; i++)
    lock_reset(&shared_heaps[i].lock);
  for (unsigned i = 0; i < LONG_HEAPS; i++)
    lock_reset(&long_heaps[i].lock);
  for (struct heap *heap = all_heaps; heap != NULL; heap = heap->next)
    lock_reset(&heap->lock);
  lock_reset(&registry_lock);
}

void heap_lock_all(void) {
  for (;;) {
    before_fork();
    if (heap_nothing_borrowed())
      return;
    after_fork_in_parent();
    kernel_yield(); /* the purge is in the middle of a system call or two */
  }
}

void heap_unlock_all(void) {
  after_fork_in_parent();
}

void thread_start_hooks(void) {
  end_of_thread_made = pthread_key_create(&end_of_thread, thread_heap_leave) == 0;
  if (end_of_thread_made && thread_heap != NULL)
    pthread_setspecific(end_of_thread, thread_heap);
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
