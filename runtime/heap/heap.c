#include "heap/heap.h"
#include "heap/accounts.h"
#include "heap/fast.h"
#include "heap/misuse.h"
#include "heap/purge.h"
#include "heap/sampling.h"
#include "heap/slices.h"
#include "heap/thread.h"
#include "space/kernel.h"

#include <sched.h>
#include <string.h>

/* A full span comes back among the partial ones when so much of it is free: less would make the next refill come
 * too soon, more would hold free slots back. */
#define PARTIAL_SHARE 16u
/* A window is used again before a new one is opened when so much of the used ones is free. */
#define GO_BACK_SHARE 4u
/* How many full spans one refill looks through for what others have freed. */
#define FULL_TRIES 16
/* Free slots are compared in so many steps of the capacity. */
#define FULL_ENOUGH 16u
/* Entries of a thread heap's table of owned spans: at most as many as 4 GiB have slices. */
#define OWNED_LEAST ((size_t)512)
#define OWNED_MOST  ((size_t)1 << 16)
/* A countdown that is never over in practice: the current span's, but for sampling. */
#define COUNTDOWN_NEVER UINT32_MAX

struct heap shared_heaps[THREAD_HEAPS];
struct heap long_heaps[LONG_HEAPS];

/* Atomic: classes in which threads may have left spans behind. Spares those who find none the lock. */
static uint64_t shared_classes[THREAD_HEAPS];

/* What the purge has borrowed, for those who must wait for it, or take its place after a fork. Set under the lock of
 * the span's heap, by the one thread that purges. */
static struct span *borrowed;
static uint64_t borrowed_slots;

uint64_t no_free_slots; /* nothing is ever stored through an empty window */
struct span *no_owned[1] = {&no_span};

void heap_format(struct heap *heap, uintptr_t owner) {
  heap->owner = owner;
  if (heap->owned == NULL)
    heap->owned = no_owned;
  for (unsigned i = 0; i < CLASS_COUNT; i++)
    heap->bins[i] = (struct bin){.word = &no_free_slots, .object_bytes = class_bytes[i], .class_index = (uint16_t)i};
  __atomic_store_n(&heap->formatted, true, __ATOMIC_RELEASE);
}

struct heap *heap_for_long(void) {
  int processor = sched_getcpu();
  struct heap *heap = &long_heaps[processor > 0 ? (unsigned)processor % LONG_HEAPS : 0];
  if (UNLIKELY(!__atomic_load_n(&heap->formatted, __ATOMIC_ACQUIRE))) {
    lock_take(&heap->lock);
    if (!heap->formatted)
      heap_format(heap, 0);
    lock_drop(&heap->lock);
  }
  return heap;
}

static uint32_t current_countdown(void) {
  return sampling_is_on() ? sampling_draw() : COUNTDOWN_NEVER;
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
  collected_hand_out(COLLECTED ? count_bits(*bin->word) * bin->object_bytes : 0);
  if (word_number >= span->touched_words)
    span->touched_words = (uint8_t)(word_number + 1);
}

/* The first window with free slots among those that were open before, if a good part of their slots is free: memory
 * that is warm, and counted already, comes before memory that was never touched. */
static bool bin_go_back(struct bin *bin, struct span *span) {
  unsigned free_slots = 0, wanted = span->touched_words * 64u / GO_BACK_SHARE;
  if (span_current_frees(span) < wanted && !span_has_remote_frees(span))
    return false;
  for (unsigned number = 0; number < span->touched_words; number++)
    free_slots += count_bits(span_take_remote(span, number));
  if (free_slots < wanted)
    return false;
  for (unsigned number = 0; number < span->touched_words; number++)
    if (span_free_bits(span)[number] != 0)
      return bin_open(bin, span, number), true;
  return false;
}

/* Free slots of the current span once its windows are used up: there are none but those freed meanwhile. */
static unsigned free_behind_window(struct span *span) {
  return span_current_frees(span) == 0 && !span_has_remote_frees(span) ? 0 : span_take_all_remote(span);
}

/* Moves the window on to the next word with free slots, once around the span; what others have freed is taken back
 * on the way. */
static bool bin_advance(struct bin *bin) {
  struct span *span = bin->span;
  if (span == NULL)
    return false;
  for (unsigned number = bin->word_number + 1; number < span->words; number++) {
    if (number == span->touched_words && bin_go_back(bin, span))
      return true;
    if (span_take_remote(span, number) != 0)
      return bin_open(bin, span, number), true;
  }
  if (free_behind_window(span) < partial_threshold(span))
    return false;
  for (unsigned number = 0; number < span->words; number++)
    if (span_free_bits(span)[number] != 0)
      return bin_open(bin, span, number), true;
  return false;
}

/* ---- The lists. All under the heap's lock. ---- */

static void list_add(struct heap *heap, struct span *span, enum span_state state) {
  span_set_state(span, state);
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

/* The next look at a partial span comes when half of what is live was freed: often enough to know how much of the heap
 * is free slots, and in the end, when it is empty. */
static uint32_t partial_countdown(const struct span *span, unsigned free_slots) {
  return (span->capacity - free_slots + 1u) / 2 + (free_slots == span->capacity);
}

/* Puts a span that is in no list where its free slots say. By its owner. */
static void list_place(struct heap *heap, struct span *span, unsigned free_slots) {
  if (free_slots >= partial_threshold(span)) {
    list_add(heap, span, SPAN_PARTIAL);
    span_set_countdown(span, partial_countdown(span, free_slots), free_slots);
  } else {
    list_add(heap, span, SPAN_FULL);
    span_set_countdown(span, partial_threshold(span) - free_slots, free_slots);
  }
}

static struct span **owned_entry(struct heap *heap, const struct span *span) {
  return &heap->owned[(span->start >> SLICE_SHIFT) & heap->owned_mask];
}

static void disown(struct heap *heap, const struct span *span) {
  struct span **entry = owned_entry(heap, span);
  if (__atomic_load_n(entry, __ATOMIC_RELAXED) == span)
    __atomic_store_n(entry, &no_span, __ATOMIC_RELAXED);
}

/* An empty span leaves its heap, and is the caller's alone from here to slices_give. */
static void span_forget(struct heap *heap, struct span *span) {
  span_set_state(span, SPAN_BUSY); /* the purge must not find it empty as well */
  disown(heap, span);
  span_take_all_remote(span);
  span_take_cached(span); /* none: only their count */
  span_set_countdown(span, 0, 0);
  accounts_retire_span(span->class_index, span->freed_calls);
  if (heap->own)
    heap->held_bytes -= (size_t)span->slices << SLICE_SHIFT;
}

static void bin_detach(struct heap *heap, struct bin *bin, unsigned free_slots) {
  struct span *span = bin->span;
  bin->span = NULL;
  bin->word = &no_free_slots;
  list_place(heap, span, free_slots);
}

static void bin_retire(struct heap *heap, struct bin *bin) {
  if (bin->span != NULL)
    bin_detach(heap, bin, span_take_all_remote(bin->span));
}

/* The shared heap that takes what a thread heap leaves behind. */
static unsigned shared_number(const struct heap *heap) {
  return COLLECTED && heap->collect_kind != 0 ? 1 : 0;
}

static struct span *make_current(struct heap *heap, struct span *span) {
  if (COLLECTED)
    collected_sweep(span);
  list_remove(heap, span);
  span_set_state(span, SPAN_CURRENT);
  if (!span_is_long(span))
    span->purged = 0;
  span_set_countdown(span, current_countdown(), 0);
  return span;
}

/* Of the oldest few full spans, the one in which others have freed most, if that is enough. The emptiest and not the
 * first: a span that is refilled while most of it is live mixes young objects among old ones, and then is never empty.
 * Those looked at go to the end of the list. */
static struct span *find_remotely_freed(struct heap *heap, unsigned class_index) {
  struct span_list *list = &heap->full[class_index];
  uint64_t mask = (uint64_t)1 << class_index;
  if ((__atomic_load_n(&heap->remote_classes, __ATOMIC_RELAXED) & mask) == 0)
    return NULL;
  struct span *best = NULL, *first_seen = NULL;
  unsigned most = 0;
  for (int i = 0; i < FULL_TRIES && most < FULL_ENOUGH; i++) {
    struct span *span = list->first;
    if (span == first_seen) { /* all of them, or none, were seen: the hint is used up */
      __atomic_fetch_and(&heap->remote_classes, ~mask, __ATOMIC_RELAXED);
      break;
    }
    if (first_seen == NULL)
      first_seen = span;
    if (COLLECTED)
      collected_sweep(span);
    unsigned free_slots = span_free_slots(span);
    if (free_slots >= partial_threshold(span) && free_slots * FULL_ENOUGH / span->capacity >= most) {
      most = free_slots * FULL_ENOUGH / span->capacity;
      best = span;
    }
    unsigned threshold = partial_threshold(span);
    span_set_countdown(span, free_slots < threshold ? threshold - free_slots : 1, free_slots);
    span_list_remove(list, span);
    span_list_append(list, span);
  }
  return best;
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
  uint64_t mask = (uint64_t)1 << class_index;
  unsigned number = shared_number(heap);
  struct heap *shared_heap = &shared_heaps[number];
  if ((__atomic_load_n(&shared_classes[number], __ATOMIC_RELAXED) & mask) == 0)
    return NULL; /* what comes a moment later is adopted next time */
  lock_take(&shared_heap->lock);
  struct span *span = find_in_lists(shared_heap, class_index);
  if (span != NULL)
    change_heap(span, heap);
  else if (shared_heap->full[class_index].first == NULL)
    __atomic_fetch_and(&shared_classes[number], ~mask, __ATOMIC_RELAXED);
  lock_drop(&shared_heap->lock);
  return span;
}

/* The empty spans of a heap without an owner go back: nobody came by when their last object was freed. */
static COLD void release_empty(struct heap *heap) {
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    struct span_list *lists[] = {&heap->partial[i], &heap->full[i]};
    struct span *current = heap->bins[i].span;
    if (current != NULL && span_live(current) == 0)
      bin_retire(heap, &heap->bins[i]);
    for (unsigned j = 0; j < ARRAY_LENGTH(lists); j++)
      for (struct span *span = lists[j]->first, *next; span != NULL; span = next) {
        next = span->next;
        if (span_live(span) != 0)
          continue;
        span_list_remove(lists[j], span);
        span_forget(heap, span);
        slices_give(span);
      }
  }
}

bool heap_admits(struct heap *heap, size_t bytes) {
  if (heap->limit_bytes == 0)
    return true;
  if (heap->held_bytes + bytes > heap->limit_bytes)
    release_empty(heap);
  return heap->held_bytes + bytes <= heap->limit_bytes;
}

static struct span *create(struct heap *heap, unsigned class_index) {
  unsigned slices = class_slices(class_index);
  if (!heap_admits(heap, slices * SLICE_BYTES))
    return NULL;
  struct span *span = slices_take(FH_SPAN_SMALL, class_index, slices, SLICE_BYTES, heap);
  if (span == NULL)
    return NULL;
  /* In no list yet and current from the start; nobody else has a pointer into it. */
  span_set_state(span, SPAN_CURRENT);
  change_heap(span, heap);
  span_set_countdown(span, current_countdown(), 0);
  if (heap->own)
    heap->held_bytes += slices * SLICE_BYTES;
  return span;
}

/* When there is no memory: any span of the class with a free slot, however few. */
static COLD struct span *scrape(struct heap *heap, unsigned class_index) {
  for (struct span *span = heap->full[class_index].first; span != NULL; span = span->next) {
    if (COLLECTED)
      collected_sweep(span);
    if (span_take_all_remote(span) != 0)
      return make_current(heap, span);
  }
  return NULL;
}

static COLD struct span *last_resort(struct heap *heap, unsigned class_index) {
  if (heap->owner == 0)
    return scrape(heap, class_index);
  lock_take(&heap->lock);
  struct span *span = scrape(heap, class_index);
  lock_drop(&heap->lock);
  if (span != NULL)
    return span;
  struct heap *shared_heap = &shared_heaps[shared_number(heap)];
  lock_take(&shared_heap->lock);
  span = scrape(shared_heap, class_index);
  if (span != NULL)
    change_heap(span, heap);
  lock_drop(&shared_heap->lock);
  return span;
}

/* Grows the table of owned spans so that `slice` shares its entry with no lower one, up to the largest table. False when
 * there is no memory. */
static bool owned_reach(struct heap *heap, size_t slice) {
  size_t capacity = heap->owned == no_owned ? OWNED_LEAST : heap->owned_mask + 1;
  while (capacity <= slice && capacity < OWNED_MOST)
    capacity *= 2;
  if (capacity == heap->owned_mask + 1)
    return true;
  lock_take(&slice_lock);
  struct span **table = space_metadata(capacity * sizeof *table);
  lock_drop(&slice_lock);
  if (table == NULL)
    return heap->owned != no_owned;
  for (size_t i = 0; i < capacity; i++)
    table[i] = &no_span;
  lock_take(&heap->lock); /* the purge clears entries meanwhile */
  for (size_t i = 0; i <= heap->owned_mask; i++)
    if (heap->owned[i] != &no_span)
      table[(heap->owned[i]->start >> SLICE_SHIFT) & (capacity - 1)] = heap->owned[i];
  heap->owned = table;
  heap->owned_mask = capacity - 1;
  lock_drop(&heap->lock);
  thread_view_refresh(heap);
  return true;
}

static void own_span(struct heap *heap, struct span *span) {
  if (heap->owner != 0 && owned_reach(heap, span->first_slice))
    __atomic_store_n(owned_entry(heap, span), span, __ATOMIC_RELAXED);
}

static struct span *next_span(struct heap *heap, struct bin *bin) {
  bool has_owner = heap->owner != 0;
  if (has_owner)
    lock_take(&heap->lock);
  if (bin->span != NULL)
    bin_detach(heap, bin, free_behind_window(bin->span));
  struct span *span = find_in_lists(heap, bin->class_index);
  if (has_owner)
    lock_drop(&heap->lock);
  if (span != NULL)
    return span;
  if (has_owner)
    span = adopt(heap, bin->class_index);
  if (span == NULL)
    span = create(heap, bin->class_index);
  if (span == NULL)
    span = last_resort(heap, bin->class_index);
  if (span != NULL)
    own_span(heap, span);
  return span;
}

static bool bin_open_first(struct bin *bin, struct span *span) {
  bin->span = span;
  span_take_all_remote(span);
  for (unsigned number = 0; number < span->words; number++)
    if (span_free_bits(span)[number] != 0)
      return bin_open(bin, span, number), true;
  return false;
}

static bool refill(struct heap *heap, struct bin *bin) {
  if (bin_advance(bin))
    return true;
  for (;;) {
    struct span *span = next_span(heap, bin);
    if (span == NULL)
      return false;
    if (bin_open_first(bin, span))
      return true;
    /* The purge has borrowed all its free slots: it goes among the full ones, and the next one is tried. */
  }
}

NOINLINE bool heap_refill(struct heap *heap, struct bin *bin) {
  if (COLLECTED) {
    __atomic_store_n(&heap->refilling, true, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
  }
  bool filled = refill(heap, bin);
  if (sampling_is_on() && filled && heap->owner != 0)
    sampling_window(heap, bin);
  if (COLLECTED) {
    if (bin->span != NULL)
      collected_keep(bin->span);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&heap->refilling, false, __ATOMIC_RELAXED);
  }
  thread_view_show(heap, bin);
  return filled;
}

void *heap_take_slot(struct heap *heap, unsigned class_index) {
  struct bin *bin = &heap->bins[class_index];
  bool has_owner = heap->owner != 0;
  void *object = NULL;
  if (!has_owner)
    lock_take(&heap->lock);
  while (!bin_take(bin, &object) && heap_refill(heap, bin))
    ;
  if (!has_owner)
    lock_drop(&heap->lock);
  return object;
}

void *heap_take_cleared_slot(struct heap *heap, unsigned class_index) {
  struct bin *bin = &heap->bins[class_index];
  void *object = NULL;
  lock_take(&heap->lock);
  while (!bin_take(bin, &object) && heap_refill(heap, bin))
    ;
  if (object != NULL)
    memset(object, 0, bin->object_bytes);
  lock_drop(&heap->lock);
  return object;
}

/* ---- Frees. ---- */

/* A span has a newly free slot, under the heap's lock, which this drops: it changes lists or is given back. */
static void settle_and_unlock(struct heap *heap, struct span *span) {
  if (span->state == SPAN_CURRENT || span->state == SPAN_BUSY) {
    span_set_countdown(span, span->state == SPAN_BUSY ? span->capacity : current_countdown(),
                       span->free_slots + span_counted_frees(span));
    lock_drop(&heap->lock);
    return;
  }
  unsigned free_slots = span_free_slots(span);
  if (free_slots < span->capacity) {
    if (span->state == SPAN_PARTIAL) {
      span_set_countdown(span, partial_countdown(span, free_slots), free_slots);
    } else {
      list_remove(heap, span);
      list_place(heap, span, free_slots);
    }
    lock_drop(&heap->lock);
    return;
  }
  list_remove(heap, span);
  span_forget(heap, span);
  lock_drop(&heap->lock);
  slices_give(span);
}

/* With the countdown at 0, or on its way there; see heap_free_special. */
static void free_last(const void *pointer, struct span *span, size_t index) {
  struct heap *heap = span->heap;
  lock_take(&heap->lock);
  if (!span_slot_is_live(span, index)) {
    span->countdown++;
    lock_drop(&heap->lock);
    misuse_double_free("free", (uintptr_t)pointer, span->object_bytes);
    return;
  }
  uint64_t freed_bytes = (uint64_t)span->countdown_start * span->object_bytes;
  bool counted = span->state != SPAN_CURRENT;
  span_set_free(span, index / 64, (uint64_t)1 << index % 64);
  settle_and_unlock(heap, span);
  if (counted)
    purge_slots_freed(freed_bytes);
  else if (sampling_is_on())
    sampling_freed(heap, span, index);
}

NOINLINE void heap_free_special(const void *pointer, struct span *span) {
  free_last(pointer, span, span_slot_around(span, (uint32_t)((uintptr_t)pointer - span->start)));
}

static void free_long_and_unlock(struct heap *heap, struct span *span, size_t index) {
  span->purged &= (uint16_t) ~(1u << index);
  span_set_free(span, 0, (uint64_t)1 << index);
  settle_and_unlock(heap, span);
}

void heap_free_long(const void *pointer, struct span *span, size_t index) {
  struct heap *heap = span->heap;
  uint64_t freed_bytes = span->object_bytes;
  lock_take(&heap->lock);
  if (!span_slot_is_live(span, index)) {
    lock_drop(&heap->lock);
    misuse_double_free("free", (uintptr_t)pointer, freed_bytes);
    return;
  }
  span->freed_calls++;
  span_count_cached(span);
  free_long_and_unlock(heap, span, index);
  purge_slots_freed(freed_bytes);
}

void heap_return_long(struct span *span, size_t index) {
  struct heap *heap = span->heap;
  lock_take(&heap->lock);
  free_long_and_unlock(heap, span, index);
}

NOINLINE void heap_free_owned(const void *pointer, struct span *span, size_t index) {
  /* Others have freed in this span: what they freed becomes visible to the owner's frees before those go on. The
   * exchange orders the bound before the look at the remote bits, as the freer orders bit before bound. */
  if (COLLECTED) /* a sweep must see a freed slot in one of the bitmaps */
    lock_take(&span->heap->lock);
  (void)__atomic_exchange_n(&span->exact_bound, span_exact_bound(span), __ATOMIC_SEQ_CST);
  span_take_all_remote(span);
  if (COLLECTED)
    lock_drop(&span->heap->lock);
  if (!span_slot_is_live(span, index)) {
    misuse_double_free("free", (uintptr_t)pointer, span->object_bytes);
    return;
  }
  own_span(span->heap, span); /* it may not have been in the table */
  if (span_count_down(span) == 0)
    free_last(pointer, span, index);
  else
    span_set_free(span, index / 64, (uint64_t)1 << index % 64);
}

/* All slots of one word are free. Of a span that may have been given back meanwhile: then the answer is as good as
 * none, and whoever acts on it looks again under the locks. */
static bool word_is_free(struct span *span, size_t number) {
  uint64_t all = ~(uint64_t)0;
  if (number == span->words - 1u && span->capacity % 64 != 0)
    all = ((uint64_t)1 << span->capacity % 64) - 1;
  return (__atomic_load_n(&span_free_bits(span)[number], __ATOMIC_RELAXED) |
          __atomic_load_n(&span_remote_bits(span)[number], __ATOMIC_RELAXED)) == all;
}

/* Somebody else has freed the last live object of a span. Its owner may not come by for a long time. */
static void release_remotely(struct span *span, uintptr_t address) {
  lock_take(&slice_lock);
  if (space_table[slice_of(address)] == span && span->kind == FH_SPAN_SMALL)
    heap_release_if_empty_locked(span);
  lock_drop(&slice_lock);
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
  /* The owner's next free in this span goes by the remote bits first. Should the span be gone, this sends somebody's
   * free to the slow path for nothing. */
  if (__atomic_load_n(&span->exact_bound, __ATOMIC_RELAXED) != 0)
    __atomic_store_n(&span->exact_bound, 0, __ATOMIC_SEQ_CST);
  if ((__atomic_load_n(&heap->remote_classes, __ATOMIC_RELAXED) & class_mask) == 0)
    __atomic_fetch_or(&heap->remote_classes, class_mask, __ATOMIC_RELAXED);
  purge_slots_freed(object_bytes);
  if (word_is_free(span, index / 64) && span_live(span) == 0)
    release_remotely(span, (uintptr_t)pointer);
}

/* ---- Heaps that end. ---- */

static void move_list(struct heap *from, struct span_list *list, struct span_list *emptied) {
  unsigned number = shared_number(from);
  struct heap *shared_heap = &shared_heaps[number];
  while (list->first != NULL) {
    struct span *span = list->first;
    span_list_remove(list, span);
    unsigned free_slots = span_free_slots(span);
    if (free_slots == span->capacity) {
      span_forget(from, span);
      span_list_append(emptied, span);
      continue;
    }
    disown(from, span);
    lock_take(&shared_heap->lock);
    change_heap(span, shared_heap);
    list_place(shared_heap, span, free_slots);
    __atomic_fetch_or(&shared_classes[number], (uint64_t)1 << span->class_index, __ATOMIC_RELAXED);
    lock_drop(&shared_heap->lock);
  }
}

static void give_list(struct span_list *list) {
  while (list->first != NULL) {
    struct span *span = list->first;
    span_list_remove(list, span);
    slices_give(span);
  }
}

/* Takes the heap's lock at a moment when the purge has borrowed nothing of it. */
static void lock_without_purge(struct heap *heap) {
  for (;;) {
    lock_take(&heap->lock);
    struct span *span = __atomic_load_n(&borrowed, __ATOMIC_ACQUIRE);
    if (span == NULL || __atomic_load_n(&span->heap, __ATOMIC_RELAXED) != heap)
      return;
    lock_drop(&heap->lock);
    kernel_yield(); /* it is in the middle of a system call or two */
  }
}

void heap_abandon(struct heap *heap) {
  struct span_list emptied = {NULL, NULL};
  lock_without_purge(heap);
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    bin_retire(heap, &heap->bins[i]);
    move_list(heap, &heap->partial[i], &emptied);
    move_list(heap, &heap->full[i], &emptied);
  }
  __atomic_store_n(&heap->remote_classes, 0, __ATOMIC_RELAXED);
  lock_drop(&heap->lock);
  /* Others may have freed into these spans a moment ago, with the hint in the old heap. */
  __atomic_store_n(&shared_heaps[shared_number(heap)].remote_classes, ~(uint64_t)0, __ATOMIC_RELAXED);
  give_list(&emptied);
}

void heap_release_all(struct heap *heap) {
  struct span_list all = {NULL, NULL};
  lock_without_purge(heap);
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
  lock_drop(&heap->lock);
  give_list(&all);
}

/* ---- For the purge. ---- */

/* Takes the lock of the heap that a span belongs to, if that can be had at once. The slice lock is held, which keeps
 * the span from being given back, but it ranks above the heap's: so no waiting here. */
static struct heap *try_lock_heap_of(struct span *span) {
  struct heap *heap = __atomic_load_n(&span->heap, __ATOMIC_ACQUIRE);
  if (heap == NULL || !lock_try(&heap->lock))
    return NULL;
  if (span->heap == heap && span->state != SPAN_BUSY && (span->state != SPAN_CURRENT || span_is_long(span)))
    return heap;
  lock_drop(&heap->lock);
  return NULL;
}

/* Takes the slots of a long span from the threads that keep them at hand. Under the heap's lock. */
static void take_from_caches(struct heap *heap, struct span *span) {
  if ((__atomic_load_n(&span->cached, __ATOMIC_RELAXED) & FH_CACHED_SLOTS) == 0)
    return;
  span_take_cached(span);
  if (span->state == SPAN_FULL) {
    list_remove(heap, span);
    list_place(heap, span, span_take_all_remote(span));
  }
}

bool heap_release_if_empty_locked(struct span *span) {
  if (span_state(span) == SPAN_CURRENT || span_live(span) != 0)
    return false;
  struct heap *heap = try_lock_heap_of(span);
  if (heap == NULL)
    return false;
  take_from_caches(heap, span);
  bool empty = span->state != SPAN_CURRENT && span_live(span) == 0;
  if (empty) {
    list_remove(heap, span);
    span_forget(heap, span);
  }
  lock_drop(&heap->lock);
  if (empty)
    slices_give_locked(span);
  return empty;
}

bool heap_sweep_locked(struct span *span) {
#if COLLECTED
  struct heap *heap = try_lock_heap_of(span);
  if (heap == NULL)
    return false;
  collected_sweep(span);
  lock_drop(&heap->lock);
#else
  (void)span;
#endif
  return true;
}

bool heap_nothing_borrowed(void) {
  return __atomic_load_n(&borrowed, __ATOMIC_ACQUIRE) == NULL;
}

void heap_hint_shared(void) {
  for (unsigned i = 0; i < THREAD_HEAPS; i++)
    __atomic_store_n(&shared_classes[i], ~(uint64_t)0, __ATOMIC_RELAXED);
}

bool heap_borrow_locked(struct span *span, uint64_t *slots) {
  struct heap *heap = try_lock_heap_of(span);
  if (heap == NULL)
    return false;
  *slots = 0;
  if (COLLECTED) /* what is borrowed looks alive */
    collected_sweep(span);
  if (span_is_long(span)) {
    take_from_caches(heap, span);
    uint64_t *free_bits = span_free_bits(span);
    *slots = *free_bits & ~(uint64_t)span->purged;
    __atomic_store_n(free_bits, *free_bits & ~*slots, __ATOMIC_RELAXED);
    span->purged |= (uint16_t)*slots;
  } else {
    list_remove(heap, span);
    span_set_state(span, SPAN_BUSY);
  }
  bool anything = !span_is_long(span) || *slots != 0;
  if (anything)
    borrowed_slots = *slots, __atomic_store_n(&borrowed, span, __ATOMIC_RELEASE);
  lock_drop(&heap->lock);
  return anything;
}

static void take_back(struct heap *heap, struct span *span, uint64_t slots) {
  __atomic_store_n(&borrowed, NULL, __ATOMIC_RELEASE);
  if (span_is_long(span))
    span_set_free(span, 0, slots);
  else /* it has free pages, so free slots too; how many, its owner counts when it gets there */
    list_add(heap, span, SPAN_PARTIAL);
}

void heap_return(struct span *span, uint64_t slots) {
  struct heap *heap = span->heap; /* what is borrowed changes its heap for nobody */
  lock_take(&heap->lock);
  take_back(heap, span, slots);
  lock_drop(&heap->lock);
}

#if COLLECTED
/* A thread that is no more was between two locks with a span of which only it knew: nobody would sweep it, and so no
 * collection would ever begin. */
static void settle_orphan(struct span *span) {
  struct heap *heap = span->heap;
  if (span->state == SPAN_CURRENT && heap != NULL && heap->bins[span->class_index].span != span) {
    collected_keep(span);
    list_place(heap, span, span_take_all_remote(span));
  } else if (span->state == SPAN_BUSY && (span->collect_flags & COLLECT_HELD_BACK) == 0) {
    slices_give_locked(span); /* it was on its way back */
  }
}
#endif

void heap_after_fork_in_child(void) {
  if (borrowed != NULL)
    take_back(borrowed->heap, borrowed, span_is_long(borrowed) ? borrowed_slots : 0);
#if COLLECTED
  for (size_t slice = 0; slice < space_slice_limit;) {
    struct span *span = space_table[slice];
    size_t length = span->kind == FH_SPAN_NONE || span->first_slice != slice ? 1 : span->slices;
    if (span->kind == FH_SPAN_SMALL)
      settle_orphan(span);
    slice += length;
  }
#endif
}
