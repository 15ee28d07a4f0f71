#include "heap/heap.h"
#include "heap/accounts.h"
#include "heap/misuse.h"
#include "heap/purge.h"
#include "heap/slices.h"

/* A full span comes back among the partial ones when so much of it is free: less would make the next refill come
 * too soon, more would hold free slots back. */
#define PARTIAL_SHARE 16u
/* How many full spans one refill looks through for what others have freed. */
#define FULL_TRIES 16
/* A countdown that is never over in practice: the current span's. */
#define COUNTDOWN_CURRENT UINT32_MAX

struct heap shared_heap;

static uint64_t no_free_slots; /* stays 0: nothing is ever stored through an empty bin */
struct bin empty_bin = {.word = &no_free_slots};

void heap_format(struct heap *heap, uintptr_t owner) {
  heap->owner = owner;
  for (unsigned i = 0; i < CLASS_COUNT; i++)
    heap->bins[i] = (struct bin){.word = &no_free_slots, .object_bytes = class_bytes[i], .class_index = i};
}

static unsigned partial_threshold(const struct span *span) {
  unsigned share = span->capacity / PARTIAL_SHARE;
  return share > 0 ? share : 1;
}

/* ---- The current span. ---- */

static void bin_open(struct bin *bin, struct span *span, unsigned word_number) {
  bin->span = span;
  bin->word_number = word_number;
  bin->base = span->start + (uintptr_t)word_number * 64 * bin->object_bytes;
  bin->word = &span_free_bits(span)[word_number];
}

/* Moves the window on to the next word with free slots, once around the span; what others have freed is taken back
 * on the way. */
static bool bin_advance(struct bin *bin) {
  struct span *span = bin->span;
  if (span == NULL)
    return false;
  for (unsigned number = bin->word_number + 1; number < span->words; number++)
    if (span_take_remote(span, number) != 0)
      return bin_open(bin, span, number), true;
  if (span_take_all_remote(span) < partial_threshold(span))
    return false;
  for (unsigned number = 0; number < span->words; number++)
    if (span_free_bits(span)[number] != 0)
      return bin_open(bin, span, number), true;
  return false;
}

/* ---- The lists. All under the heap's lock. ---- */

static void list_add(struct heap *heap, struct span *span, enum span_state state) {
  span->state = (uint8_t)state;
  if (state == SPAN_PARTIAL)
    span_list_append(&heap->partial[span->class_index], span);
  else
    span_list_append(&heap->full[span->class_index], span);
}

static void list_remove(struct heap *heap, struct span *span) {
  if (span->state == SPAN_PARTIAL)
    span_list_remove(&heap->partial[span->class_index], span);
  else
    span_list_remove(&heap->full[span->class_index], span);
}

/* Puts a span that is in no list where its free slots say. By its owner. */
static void list_place(struct heap *heap, struct span *span, unsigned free_slots) {
  if (free_slots >= partial_threshold(span)) {
    list_add(heap, span, SPAN_PARTIAL);
    uint32_t live = span->capacity - free_slots;
    span_set_countdown(span, live > 0 ? live : 1);
  } else {
    list_add(heap, span, SPAN_FULL);
    span_set_countdown(span, partial_threshold(span) - free_slots);
  }
}

/* An empty span leaves its heap, and is the caller's alone from here to slices_give. */
static void span_forget(struct heap *heap, struct span *span) {
  span->state = SPAN_BUSY; /* the purge must not find it empty as well */
  span_take_all_remote(span);
  span_set_countdown(span, 0);
  accounts_retire_span(span->class_index, span->freed_calls);
  if (heap->own)
    heap->held_bytes -= SLICE_BYTES;
}

static void bin_retire(struct heap *heap, struct bin *bin) {
  struct span *span = bin->span;
  if (span == NULL)
    return;
  bin->span = NULL;
  bin->word = &no_free_slots;
  list_place(heap, span, span_take_all_remote(span));
}

static struct span *make_current(struct heap *heap, struct span *span) {
  list_remove(heap, span);
  span->state = SPAN_CURRENT;
  span->purged_pages = 0;
  span_set_countdown(span, COUNTDOWN_CURRENT);
  return span;
}

/* The next full span, among the oldest few, that others have freed enough of. */
static struct span *find_remotely_freed(struct heap *heap, unsigned class_index) {
  struct span_list *list = &heap->full[class_index];
  uint64_t mask = (uint64_t)1 << class_index;
  if ((__atomic_load_n(&heap->remote_classes, __ATOMIC_RELAXED) & mask) == 0)
    return NULL;
  struct span *first_seen = NULL;
  for (int i = 0; i < FULL_TRIES; i++) {
    struct span *span = list->first;
    if (span == NULL || span == first_seen) {
      /* All of them were seen: the hint is used up. It is cleared before the last look at the first one seen, which
       * only makes it wait for the next hint. */
      __atomic_fetch_and(&heap->remote_classes, ~mask, __ATOMIC_RELAXED);
      return NULL;
    }
    unsigned free_slots = span_take_all_remote(span);
    if (free_slots >= partial_threshold(span))
      return span;
    span_set_countdown(span, partial_threshold(span) - free_slots);
    span_list_remove(list, span);
    span_list_append(list, span);
    if (first_seen == NULL)
      first_seen = span;
  }
  return NULL;
}

static struct span *find_in_lists(struct heap *heap, unsigned class_index) {
  struct span *span = heap->partial[class_index].first;
  if (span == NULL)
    span = find_remotely_freed(heap, class_index);
  return span != NULL ? make_current(heap, span) : NULL;
}

static void change_heap(struct span *span, struct heap *heap) {
  __atomic_store_n(&span->heap, heap, __ATOMIC_RELEASE);
  __atomic_store_n(&span->owner, heap->owner, __ATOMIC_RELEASE);
}

static struct span *adopt(struct heap *heap, unsigned class_index) {
  if (shared_heap.partial[class_index].first == NULL && shared_heap.full[class_index].first == NULL)
    return NULL; /* a look without the lock: what comes a moment later is adopted next time */
  lock_take(&shared_heap.lock);
  struct span *span = find_in_lists(&shared_heap, class_index);
  if (span != NULL)
    change_heap(span, heap);
  lock_drop(&shared_heap.lock);
  return span;
}

static struct span *create(struct heap *heap, unsigned class_index) {
  if (heap->limit_bytes != 0 && heap->held_bytes + SLICE_BYTES > heap->limit_bytes)
    return NULL;
  struct span *span = slices_take(FH_SPAN_SMALL, class_index, 1, 1, heap);
  if (span == NULL)
    return NULL;
  /* In no list yet and current from the start; nobody else has a pointer into it. */
  span->state = SPAN_CURRENT;
  change_heap(span, heap);
  span_set_countdown(span, COUNTDOWN_CURRENT);
  if (heap->own)
    heap->held_bytes += SLICE_BYTES;
  return span;
}

NOINLINE bool heap_refill(struct heap *heap, struct bin *bin) {
  if (bin_advance(bin))
    return true;
  if (!heap->own)
    lock_take(&heap->lock);
  bin_retire(heap, bin);
  struct span *span = find_in_lists(heap, bin->class_index);
  if (!heap->own) {
    lock_drop(&heap->lock);
    if (span == NULL)
      span = adopt(heap, bin->class_index);
  }
  if (span == NULL)
    span = create(heap, bin->class_index);
  if (span == NULL)
    return false;
  span_take_all_remote(span);
  for (unsigned number = 0; number < span->words; number++)
    if (span_free_bits(span)[number] != 0)
      return bin_open(bin, span, number), true;
  return false; /* not reached: every way here gives a span with a free slot */
}

/* ---- Frees. ---- */

NOINLINE void heap_free_last(const void *pointer, struct span *span, size_t index) {
  struct heap *heap = span->heap;
  lock_take(&heap->lock);
  uint64_t *word = &span_free_bits(span)[index / 64];
  uint64_t bit = (uint64_t)1 << index % 64;
  if ((*word & bit) != 0) {
    span->countdown++;
    lock_drop(&heap->lock);
    misuse_double_free("free", (uintptr_t)pointer, span->object_bytes);
    return;
  }
  __atomic_store_n(word, *word | bit, __ATOMIC_RELAXED);
  if (span->state == SPAN_CURRENT || span->state == SPAN_BUSY) {
    span_set_countdown(span, span->state == SPAN_BUSY ? span->capacity : COUNTDOWN_CURRENT);
    lock_drop(&heap->lock);
    return;
  }
  list_remove(heap, span);
  unsigned free_slots = span_take_all_remote(span);
  if (free_slots < span->capacity) {
    uint64_t freed_bytes = (uint64_t)partial_threshold(span) * span->object_bytes;
    list_place(heap, span, free_slots);
    lock_drop(&heap->lock);
    purge_slots_freed(freed_bytes);
    return;
  }
  span_forget(heap, span);
  lock_drop(&heap->lock);
  slices_give(span);
}

void heap_free_remote(struct span *span, size_t index, const void *pointer) {
  uint64_t bit = (uint64_t)1 << index % 64;
  /* The span may be gone as soon as the bit is set, if this was its last live object. */
  struct heap *heap = __atomic_load_n(&span->heap, __ATOMIC_ACQUIRE);
  uint64_t object_bytes = span->object_bytes;
  uint64_t class_mask = (uint64_t)1 << span->class_index;
  uint64_t local = __atomic_load_n(&span_free_bits(span)[index / 64], __ATOMIC_RELAXED);
  if (UNLIKELY((local & bit) != 0) ||
      UNLIKELY((__atomic_fetch_or(&span_remote_bits(span)[index / 64], bit, __ATOMIC_ACQ_REL) & bit) != 0)) {
    misuse_double_free("free", (uintptr_t)pointer, object_bytes);
    return;
  }
  if ((__atomic_load_n(&heap->remote_classes, __ATOMIC_RELAXED) & class_mask) == 0)
    __atomic_fetch_or(&heap->remote_classes, class_mask, __ATOMIC_RELAXED);
  purge_slots_freed(object_bytes);
}

/* ---- Heaps that end. ---- */

static void move_list(struct heap *from, struct span_list *list, struct span_list *emptied) {
  while (list->first != NULL) {
    struct span *span = list->first;
    span_list_remove(list, span);
    unsigned free_slots = span_take_all_remote(span);
    if (free_slots == span->capacity) {
      span_forget(from, span);
      span_list_append(emptied, span);
      continue;
    }
    lock_take(&shared_heap.lock);
    change_heap(span, &shared_heap);
    list_place(&shared_heap, span, free_slots);
    lock_drop(&shared_heap.lock);
  }
}

static void give_list(struct span_list *list) {
  while (list->first != NULL) {
    struct span *span = list->first;
    span_list_remove(list, span);
    slices_give(span);
  }
}

void heap_abandon(struct heap *heap) {
  struct span_list emptied = {NULL, NULL};
  lock_take(&heap->lock);
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    bin_retire(heap, &heap->bins[i]);
    move_list(heap, &heap->partial[i], &emptied);
    move_list(heap, &heap->full[i], &emptied);
  }
  heap->remote_classes = 0;
  lock_drop(&heap->lock);
  /* Others may have freed into these spans a moment ago, with the hint in the old heap. */
  __atomic_store_n(&shared_heap.remote_classes, ~(uint64_t)0, __ATOMIC_RELAXED);
  give_list(&emptied);
}

void heap_release_all(struct heap *heap) {
  struct span_list all = {NULL, NULL};
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    bin_retire(heap, &heap->bins[i]);
    struct span_list *lists[] = {&heap->partial[i], &heap->full[i]};
    for (unsigned j = 0; j < ARRAY_LENGTH(lists); j++)
      while (lists[j]->first != NULL) {
        struct span *span = lists[j]->first;
        span_list_remove(lists[j], span);
        span->freed_calls += span_live(span);
        span_forget(heap, span);
        span_list_append(&all, span);
      }
  }
  give_list(&all);
}

/* ---- For the purge. ---- */

/* Takes the lock of the heap whose list the span is in, if that can be had at once. The slice lock is held, which
 * keeps the span from being given back, but it ranks above the heap's: so no waiting here. */
static struct heap *try_lock_heap_of(struct span *span) {
  struct heap *heap = __atomic_load_n(&span->heap, __ATOMIC_ACQUIRE);
  if (!lock_try(&heap->lock))
    return NULL;
  if (span->heap == heap && (span->state == SPAN_PARTIAL || span->state == SPAN_FULL))
    return heap;
  lock_drop(&heap->lock);
  return NULL;
}

bool heap_release_if_empty_locked(struct span *span) {
  if (span_live(span) != 0)
    return false;
  struct heap *heap = try_lock_heap_of(span);
  if (heap == NULL)
    return false;
  bool empty = span_live(span) == 0;
  if (empty) {
    list_remove(heap, span);
    span_forget(heap, span);
  }
  lock_drop(&heap->lock);
  if (empty)
    slices_give_locked(span);
  return empty;
}

static struct span *borrowed;

bool heap_borrow_locked(struct span *span) {
  struct heap *heap = try_lock_heap_of(span);
  if (heap == NULL)
    return false;
  list_remove(heap, span);
  span->state = SPAN_BUSY;
  borrowed = span;
  lock_drop(&heap->lock);
  return true;
}

void heap_return(struct span *span) {
  struct heap *heap = span->heap; /* a span that is in no list changes its heap for nobody */
  lock_take(&heap->lock);
  borrowed = NULL;
  /* Only the owner may count its free slots and set its countdown, so it goes where the owner's next free, or
   * refill, will find it. */
  list_add(heap, span, SPAN_PARTIAL);
  lock_drop(&heap->lock);
}

void heap_after_fork_in_child(void) {
  if (borrowed != NULL) {
    list_add(borrowed->heap, borrowed, SPAN_PARTIAL);
    borrowed = NULL;
  }
}
