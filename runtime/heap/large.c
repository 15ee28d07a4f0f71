#include "heap/large.h"
#include "base/options.h"
#include "heap/accounts.h"
#include "heap/purge.h"
#include "heap/slices.h"
#include "space/kernel.h"
#include "space/process.h"

#include <string.h>

/* From here on moving page tables is cheaper than copying into pages that fault in one by one. */
#define MOVE_PAGES_MIN (256 * KIB)

/* Below this the system call is not worth it. */
#define MAKE_UP_MIN        (1 * MIB)
#define PURGE_TO_CLEAR_MIN (16 * MIB)
/* Below this to ask the kernel which pages there are costs more. */
#define FILLED_TO_CLEAR_MIN (512 * KIB)
/* Huge pages are for objects of this size in a heap that is large without them: of such an object a program mostly uses
 * the whole, and where it doesn't, a small program is not the one that pays. */
#define HUGE_OBJECT_MIN (32 * MIB)
#define HUGE_HEAP_MIN   (256 * MIB)

static size_t slices_for(size_t size) {
  return divide_up(size, SLICE_BYTES);
}

/* ---- A heap of one's own keeps its large objects in a list and counts them. ---- */

static bool own_heap_admit(struct heap *heap, size_t slices) {
  lock_take(&heap->lock);
  size_t bytes = slices << SLICE_SHIFT;
  bool fits = heap_admits(heap, bytes);
  if (fits)
    heap->held_bytes += bytes;
  lock_drop(&heap->lock);
  return fits;
}

static void own_heap_dismiss(struct heap *heap, size_t slices) {
  lock_take(&heap->lock);
  heap->held_bytes -= slices << SLICE_SHIFT;
  lock_drop(&heap->lock);
}

static void own_heap_add(struct heap *heap, struct span *span) {
  lock_take(&heap->lock);
  span->large_previous = NULL;
  span->large_next = heap->large;
  if (heap->large != NULL)
    heap->large->large_previous = span;
  heap->large = span;
  heap->large_bytes += span->object_bytes;
  heap->large_objects++;
  lock_drop(&heap->lock);
}

static void own_heap_remove(struct heap *heap, struct span *span) {
  lock_take(&heap->lock);
  if (span->large_previous != NULL)
    span->large_previous->large_next = span->large_next;
  else
    heap->large = span->large_next;
  if (span->large_next != NULL)
    span->large_next->large_previous = span->large_previous;
  heap->large_bytes -= span->object_bytes;
  heap->large_objects--;
  heap->held_bytes -= (size_t)span->slices << SLICE_SHIFT;
  lock_drop(&heap->lock);
}

/* ---- Taking and giving. ---- */

/* Of [from, to) only the pages that are there: who owned them before may have used few of them. False when nobody can
 * tell. */
static bool clear_filled(uintptr_t from, uintptr_t to) {
  int pagemap = process_open_pagemap();
  if (pagemap < 0)
    return false;
  struct page_run run;
  while (process_next_private_run(pagemap, &from, to, &run))
    memset((void *)run.start, 0, run.end - run.start);
  kernel_close(pagemap);
  return true;
}

/* Only slices that have been written before need clearing. A program that wants so much zeroed memory rarely touches
 * all of it: then its pages are given back, and come again as they are touched. One that runs with the collector didn't
 * ask for it: its memory stays as much or as little as it is. from, to: offsets in the span. */
static void clear_dirty(struct span *span, size_t from, size_t to) {
  size_t slice = from / SLICE_BYTES;
  if (COLLECTED && to - from >= FILLED_TO_CLEAR_MIN &&
      (space_dirty_slices(span->first_slice + slice, divide_up(to, SLICE_BYTES) - slice) == 0 ||
       clear_filled(span->start + from, span->start + to)))
    return;
  size_t first_page = align_up(from, space.page_bytes);
  if (to - from >= PURGE_TO_CLEAR_MIN && kernel.purge(span->start + first_page, to - first_page) == 0)
    to = first_page;
  for (size_t next; from < to; from = next) {
    next = align_down(from, SLICE_BYTES) + SLICE_BYTES < to ? align_down(from, SLICE_BYTES) + SLICE_BYTES : to;
    if ((space.states[span->first_slice + from / SLICE_BYTES] & SLICE_DIRTY) != 0)
      memset((char *)span->start + from, 0, next - from);
  }
}

/* The end of its making. A collection that comes a moment earlier lets it live, and from here on the address is at hand. */
static void *born(struct span *span) {
  void *object = (void *)span->start;
  if (COLLECTED) {
    __asm__ volatile("" : "+r"(object));
    __atomic_store_n(&span->swept, collected.cycle, __ATOMIC_RELEASE);
    __asm__ volatile("" : "+r"(object));
  }
  return object;
}

void *large_take(struct heap *heap, size_t size, size_t alignment, bool zeroed) {
  size_t count = slices_for(size);
  if (alignment < SLICE_BYTES)
    alignment = SLICE_BYTES;
  if (heap != NULL && !own_heap_admit(heap, count))
    return NULL;
  struct span *span = slices_take(FH_SPAN_LARGE, CLASS_NONE, count, alignment, heap);
  if (span == NULL) {
    if (heap != NULL)
      own_heap_dismiss(heap, count);
    return NULL;
  }
  span->object_bytes = align_up(size, space.page_bytes);
  if (size >= HUGE_OBJECT_MIN && accounts.root->heap_bytes - span->object_bytes >= HUGE_HEAP_MIN)
    span->huge_pages = space_use_huge_pages(span->first_slice, span->slices);
  if (heap != NULL)
    own_heap_add(heap, span);
  if (zeroed)
    clear_dirty(span, 0, span->object_bytes);
  collected_hand_out(span->object_bytes);
  return born(span);
}

bool large_give(uintptr_t address) {
  lock_take(&slice_lock);
  struct span *span = space_contains(address) ? space_table[slice_of(address)] : &no_span;
  bool ours = span->kind == FH_SPAN_LARGE && span->start == address;
  if (ours) {
    /* Whoever frees it twice finds no large object here from now on. */
    span->kind = FH_SPAN_NONE;
    accounts.root->large_freed_calls++;
  }
  lock_drop(&slice_lock);
  if (!ours)
    return false;
  if (span->heap != NULL)
    own_heap_remove(span->heap, span);
  if (span->huge_pages)
    space_leave_huge_pages(span->first_slice, span->slices);
  slices_give(span);
  return true;
}

void large_release_all(struct heap *heap) {
  while (heap->large != NULL)
    large_give(heap->large->start);
}

/* ---- Resizing. ---- */

static void set_size(struct span *span, size_t size) {
  size_t bytes = align_up(size, space.page_bytes);
  if (span->heap != NULL) {
    lock_take(&span->heap->lock);
    span->heap->large_bytes += bytes - span->object_bytes;
    lock_drop(&span->heap->lock);
  }
  span->object_bytes = bytes;
}

/* Slices by which an object has just grown, and that its program will touch. Where they are fresh, dirty ones that fitted
 * nowhere make up for them: an array that grows beside the place it had the last time must not be there twice. New
 * objects don't do this: a program that turns over large blocks would do nothing but fault them in again. */
static void make_up_for(size_t first, size_t count) {
  if (count << SLICE_SHIFT < MAKE_UP_MIN)
    return;
  size_t fresh = (count - space_dirty_slices(first, count)) << SLICE_SHIFT;
  if (fresh >= MAKE_UP_MIN)
    purge_for_growth(fresh);
}

/* The object of `object_bytes` in `slices` slices, which may have been longer once, is to have `size` bytes, in more slices
 * perhaps, which have just been taken. */
static void clear_growth(struct span *span, size_t object_bytes, size_t slices, size_t size) {
  size_t bytes = align_up(size, space.page_bytes), own = slices << SLICE_SHIFT;
  if (!COLLECTED || bytes <= object_bytes)
    return;
  memset((char *)span->start + object_bytes, 0, (bytes < own ? bytes : own) - object_bytes);
  if (bytes > own)
    clear_dirty(span, own, bytes);
}

static void *move_pages(struct span *span, size_t size) {
  /* Whole slices, so that nothing written stays behind in the old ones. */
  size_t old_bytes = (size_t)span->slices << SLICE_SHIFT;
  struct heap *heap = span->heap;
  size_t count = slices_for(size);
  if (heap != NULL && !own_heap_admit(heap, count))
    return NULL;
  struct span *to = slices_take(FH_SPAN_LARGE, CLASS_NONE, count, SLICE_BYTES, heap);
  if (to == NULL || kernel.move(span->start, to->start, old_bytes) != 0) {
    if (to != NULL)
      slices_give(to);
    if (heap != NULL)
      own_heap_dismiss(heap, count);
    return NULL;
  }
  clear_growth(to, span->object_bytes, span->slices, size);
  to->object_bytes = align_up(size, space.page_bytes);
  if (heap != NULL) {
    own_heap_add(heap, to);
    own_heap_remove(heap, span);
  }
  to->collect_kind = span->collect_kind;
  to->collect_flags = span->collect_flags;
  void *moved = born(to);
  lock_take(&slice_lock);
  accounts.root->large_freed_calls++;
  lock_drop(&slice_lock);
  if (span->huge_pages)
    space_leave_huge_pages(span->first_slice, span->slices);
  slices_mark_clean(span);
  make_up_for(to->first_slice + old_bytes / SLICE_BYTES, count - old_bytes / SLICE_BYTES);
  return moved;
}

void *large_resize(struct span *span, size_t size) {
  size_t count = slices_for(size);
  if (size <= SMALL_MAX_BYTES)
    return NULL; /* it becomes a small object */
  if (count < span->slices) {
    size_t returned = span->slices - count;
    size_t before = span->slices;
    slices_shrink(span, count);
    if (span->heap != NULL && span->slices != before)
      own_heap_dismiss(span->heap, returned);
    set_size(span, size);
    return (void *)span->start;
  }
  if (count == span->slices) {
    clear_growth(span, span->object_bytes, count, size);
    set_size(span, size);
    return (void *)span->start;
  }
  size_t more = count - span->slices;
  bool admitted = span->heap == NULL || own_heap_admit(span->heap, more);
  if (admitted && slices_extend(span, more)) {
    make_up_for(span->first_slice + span->slices - more, more);
    clear_growth(span, span->object_bytes, count - more, size);
    set_size(span, size);
    return (void *)span->start;
  }
  if (admitted && span->heap != NULL)
    own_heap_dismiss(span->heap, more);
  return options.move_pages && span->object_bytes >= MOVE_PAGES_MIN ? move_pages(span, size) : NULL;
}
