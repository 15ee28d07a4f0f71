#include "collect/mark.h"
#include "base/lock.h"
#include "collect/kinds.h"
#include "collect/mark_lists.h"
#include "heap/span.h"
#include "reach/sequence.h"
#include "space/kernel.h"
#include "space/process.h"
#include "space/written_pages.h"

#include <string.h>

/* What a descriptor says lies behind the object's start is looked at in pieces of this, so that several markers share a
 * large object. */
#define PIECE_BYTES (32 * KIB)
/* Of a longer object the kernel is asked first which pages there are. */
#define SPARSE_LEAST    ((size_t)512 * KIB)
#define PAGEMAP_UNTRIED (-1000000)
/* Entries that wait while their memory is fetched. */
#define QUEUE_LENGTH 16u
/* Objects that the first marker looks at before it calls the others: small heaps are marked alone. */
#define ALONE_OBJECTS 300000u
/* Looks of a marker without work before it sleeps. */
#define IDLE_SPINS 2000u

struct marker {
  struct mark_stack stack;
  struct mark_totals totals;
} __attribute__((aligned(64)));

static struct marker markers[MARKERS_MOST]; /* the first one is the collecting thread */

static struct {
  unsigned working;     /* markers that may still make work; mark_lists.lock */
  bool parallel;        /* fixed while markers run */
  bool beside;          /* the program runs, and writes to what is read; fixed while markers run */
  int pagemap;          /* opened for this pause; or negative; mark_lists.lock until it is open */
  const uint32_t *halt; /* fixed; atomic: other than 0, the marker beside the program puts down its work */
  struct lock assist;   /* by who helps it, until what he found is shared */
  uint32_t call;        /* atomic, a futex: a cycle in which helpers are wanted */
  uint32_t wanted;      /* markers in that cycle */
} common = {.pagemap = PAGEMAP_UNTRIED};

/* ---- One word ---- */

#define DISPLACEMENTS 4096u
static uint64_t displacements[DISPLACEMENTS / 64];

bool collect_register_displacement(size_t offset) {
  if (offset >= DISPLACEMENTS)
    return false;
  __atomic_fetch_or(&displacements[offset / 64], (uint64_t)1 << offset % 64, __ATOMIC_RELAXED);
  return true;
}

static bool counts_at(size_t offset) {
  return offset == 0 || (offset < DISPLACEMENTS && (displacements[offset / 64] >> offset % 64 & 1) != 0);
}

bool mark_counts_at(size_t offset) {
  return counts_at(offset);
}

/* How marking goes on at the moment, a sum of these: a constant in the loop that does most of it. */
enum mode {
  MODE_PARALLEL = 1, /* as in common */
  MODE_BESIDE = 2,
  MODE_INTERIOR = 4, /* pointers into an object count */
};
static unsigned mode_now(void) {
  return (common.parallel ? MODE_PARALLEL : 0u) | (common.beside ? MODE_BESIDE : 0u) |
         (collect_settings.interior ? MODE_INTERIOR : 0u);
}

/* Sets a mark; false when it was set. */
ALWAYS_INLINE bool set_mark(unsigned mode, uint64_t *word, uint64_t bit) {
  uint64_t before = __atomic_load_n(word, __ATOMIC_RELAXED);
  if ((mode & MODE_PARALLEL) != 0)
    return (__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit) == 0;
  __atomic_store_n(word, before | bit, __ATOMIC_RELAXED);
  return (before & bit) == 0;
}

/* What lies in an object may be read while the program writes it only as far as it lies in the object: a descriptor that
 * stands in an object may be half made, or what was there before. */
static bool is_within(uintptr_t descriptor, size_t bytes) {
  switch (descriptor & DESCRIPTOR_TAG_MASK) {
  case DESCRIPTOR_LENGTH:
    return descriptor <= bytes;
  case DESCRIPTOR_BITMAP: {
    uintptr_t bits = descriptor & ~(uintptr_t)DESCRIPTOR_TAG_MASK;
    return bits == 0 || (64 - (size_t)__builtin_ctzll(bits)) * sizeof(uintptr_t) <= bytes;
  }
  default:
    return false;
  }
}

ALWAYS_INLINE uintptr_t descriptor_of(const struct span *span, uintptr_t start, size_t bytes) {
  const struct kind_rule *rule = &kind_rules[span->collect_kind];
  uintptr_t descriptor = rule->descriptor + (rule->add_size ? bytes : 0);
  if (UNLIKELY(rule->last_word))
    descriptor = __atomic_load_n((const uintptr_t *)(start + bytes - sizeof descriptor), __ATOMIC_RELAXED);
  return descriptor;
}

ALWAYS_INLINE void found(struct marker *marker, unsigned mode, const struct span *span, uintptr_t start,
                         size_t bytes) {
  marker->totals.objects++;
  marker->totals.bytes += bytes;
  if (LIKELY(span->collect_kind == KIND_SCANNED)) { /* as its rule says */
    marker->totals.scanned_bytes += bytes;
    mark_stack_push(&marker->stack, start, bytes | DESCRIPTOR_LENGTH);
    return;
  }
  uintptr_t descriptor = descriptor_of(span, start, bytes);
  if ((mode & MODE_BESIDE) != 0 && UNLIKELY(!is_within(descriptor, bytes))) {
    chunks_put_aside(&mark_lists.later, (struct entry){start, descriptor});
    return;
  }
  if (descriptor == 0)
    return;
  marker->totals.scanned_bytes += bytes;
  mark_stack_push(&marker->stack, start, descriptor);
}

static void consider_large(struct marker *marker, unsigned mode, uintptr_t word, struct span *span) {
  if (__atomic_load_n(&span->swept, __ATOMIC_ACQUIRE) == COLLECT_NEWBORN)
    return; /* nobody has its address yet, and what was there before may still be in it */
  size_t offset = word - span->start, bytes = __atomic_load_n(&span->object_bytes, __ATOMIC_RELAXED);
  if (offset >= bytes || ((span->collect_flags & COLLECT_BY_START) != 0 && offset >= space.page_bytes) ||
      ((mode & MODE_INTERIOR) == 0 && !counts_at(offset)) ||
      __atomic_load_n(&span->large_mark, __ATOMIC_RELAXED) != 0 ||
      __atomic_load_n(&span->swept, __ATOMIC_ACQUIRE) == COLLECT_NEWBORN) /* it may not be cleared yet */
    return;
  if (set_mark(mode, &span->large_mark, 1))
    found(marker, mode, span, span->start, bytes);
}

/* Where the heap is, in a form that a loop keeps in registers. */
struct extent {
  uintptr_t base;
  size_t bytes;
  struct span *const *table;
};
ALWAYS_INLINE struct extent heap_extent(void) {
  return (struct extent){space_base, __atomic_load_n(&space_slice_limit, __ATOMIC_ACQUIRE) << SLICE_SHIFT,
                         space_table};
}

ALWAYS_INLINE void consider(struct marker *marker, unsigned mode, struct extent heap, uintptr_t word) {
  uintptr_t offset = word - heap.base;
  if (LIKELY(offset >= heap.bytes))
    return;
  struct span *span = __atomic_load_n(&heap.table[offset >> SLICE_SHIFT], __ATOMIC_ACQUIRE);
  uint8_t kind = __atomic_load_n(&span->kind, __ATOMIC_ACQUIRE);
  if (UNLIKELY(kind != FH_SPAN_SMALL)) {
    if (kind == FH_SPAN_LARGE)
      consider_large(marker, mode, word, span);
    return;
  }
  uint32_t index = span_slot_around(span, (uint32_t)(word - span->start));
  if (UNLIKELY(index >= span->capacity))
    return;
  uint64_t bit = (uint64_t)1 << index % 64;
  uint64_t *mark = &span_mark_bits(span)[index / 64];
  if ((__atomic_load_n(mark, __ATOMIC_RELAXED) & bit) != 0)
    return;
  uintptr_t start = span->start + index * span->object_bytes;
  if (UNLIKELY((mode & MODE_INTERIOR) == 0) && !counts_at(word - start))
    return;
  if (!span_slot_is_live(span, index) || !set_mark(mode, mark, bit))
    return;
  found(marker, mode, span, start, span->object_bytes);
}

/* ---- Objects ---- */

ALWAYS_INLINE void scan_words(struct marker *marker, unsigned mode, struct extent heap, const uintptr_t *words,
                              size_t count) {
  for (const uintptr_t *end = words + count; words != end; words++)
    consider(marker, mode, heap, __atomic_load_n(words, __ATOMIC_RELAXED));
}

static void scan_stretch(struct marker *marker, uintptr_t from, uintptr_t to) {
  scan_words(marker, mode_now(), heap_extent(), (const uintptr_t *)from, (to - from) / sizeof(uintptr_t));
}

static void scan_bitmap(struct marker *marker, const uintptr_t *words, uintptr_t descriptor) {
  struct extent heap = heap_extent();
  unsigned mode = mode_now();
  for (uintptr_t bits = descriptor & ~(uintptr_t)DESCRIPTOR_TAG_MASK; bits != 0; bits <<= 1, words++)
    if ((intptr_t)bits < 0)
      consider(marker, mode, heap, __atomic_load_n(words, __ATOMIC_RELAXED));
}

/* In a negative per-object descriptor: the distance from the type that the object's first word points to. The bias keeps
 * it negative. */
#define INDIRECT_BIAS 0x10

static uintptr_t descriptor_of_object(uintptr_t start, uintptr_t descriptor) {
  uintptr_t own = 0;
  if ((intptr_t)descriptor >= 0) {
    memcpy(&own, (const char *)start + (descriptor - DESCRIPTOR_PER_OBJECT), sizeof own);
    return own;
  }
  uintptr_t type;
  memcpy(&type, (const void *)start, sizeof type);
  if (type == 0)
    return 0;
  const char *at = (const char *)type - (intptr_t)(descriptor + (INDIRECT_BIAS - DESCRIPTOR_PER_OBJECT));
  memcpy(&own, at, sizeof own);
  return own;
}

static void push_pieces(struct marker *marker, uintptr_t start, uintptr_t end) {
  marker->totals.absent_bytes -= end - start;
  for (; end - start > SPARSE_LEAST; start += SPARSE_LEAST)
    mark_stack_push(&marker->stack, start, SPARSE_LEAST);
  mark_stack_push(&marker->stack, start, end - start);
}

/* While the program runs it may close any descriptor, and open another one by its number: then this fails, and harms
 * nothing. */
static bool push_filled_beside(struct marker *marker, uintptr_t start, uintptr_t end) {
  struct page_range ranges[16];
  while (start < end) {
    long count = written_pages_filled(&start, end, ranges, sizeof ranges / sizeof *ranges);
    if (count < 0)
      return false;
    for (long i = 0; i < count; i++)
      push_pieces(marker, ranges[i].start, ranges[i].end);
  }
  return true;
}

static bool push_filled_in_pause(struct marker *marker, uintptr_t start, uintptr_t end) {
  lock_take(&mark_lists.lock);
  if (common.pagemap == PAGEMAP_UNTRIED)
    common.pagemap = process_open_pagemap();
  lock_drop(&mark_lists.lock);
  if (common.pagemap < 0)
    return false;
  struct page_run run;
  while (process_next_private_run(common.pagemap, &start, end, &run))
    push_pieces(marker, run.start, run.end);
  return true;
}

/* Of a large object the pages that are there, in pieces of at most SPARSE_LEAST: to read one that was never written to
 * would bring it in, and may cost a page of memory. False when they can't be told. */
static bool push_filled(struct marker *marker, uintptr_t start, size_t bytes) {
  uint64_t absent_before = marker->totals.absent_bytes;
  marker->totals.absent_bytes += bytes;
  bool pushed = common.beside ? push_filled_beside(marker, start, start + bytes)
                              : push_filled_in_pause(marker, start, start + bytes);
  if (!pushed)
    marker->totals.absent_bytes = absent_before;
  return pushed;
}

static NOINLINE void scan(struct marker *marker, struct entry entry) {
  uintptr_t descriptor = entry.descriptor;
  for (;;) {
    switch (descriptor & DESCRIPTOR_TAG_MASK) {
    case DESCRIPTOR_LENGTH:
      if (UNLIKELY(descriptor > SPARSE_LEAST) && push_filled(marker, entry.start, descriptor))
        return;
      if (UNLIKELY(descriptor > PIECE_BYTES)) {
        mark_stack_push(&marker->stack, entry.start + PIECE_BYTES, descriptor - PIECE_BYTES);
        descriptor = PIECE_BYTES;
      }
      scan_stretch(marker, entry.start, entry.start + descriptor);
      return;
    case DESCRIPTOR_BITMAP:
      scan_bitmap(marker, (const uintptr_t *)entry.start, descriptor);
      return;
    case DESCRIPTOR_PROC:
      chunks_put_aside(&mark_lists.procedures, (struct entry){entry.start, descriptor});
      return;
    default:
      descriptor = descriptor_of_object(entry.start, descriptor);
    }
  }
}

/* What waits while its memory is fetched: first in, first out. */
struct queue {
  struct entry entries[QUEUE_LENGTH];
  unsigned first, end;
};

/* Scans until the marker and the common list have nothing more, or `most` objects were found. */
ALWAYS_INLINE void work_in_mode(struct marker *marker, unsigned mode, uint64_t most) {
  uint64_t end = marker->totals.objects + most;
  if (end < most)
    end = UINT64_MAX;
  struct queue queue;
  queue.first = queue.end = 0;
  struct extent heap = heap_extent();
  for (;;) {
    struct entry entry;
    while (queue.end - queue.first < QUEUE_LENGTH && mark_stack_pop(&marker->stack, &entry)) {
      __builtin_prefetch((const void *)entry.start);
      queue.entries[queue.end++ % QUEUE_LENGTH] = entry;
    }
    if (UNLIKELY(queue.end == queue.first)) {
      struct chunk *more = chunk_find();
      if (more == NULL)
        return;
      struct chunk *empty = mark_stack_leave(&marker->stack);
      if (empty != NULL)
        chunk_give(empty);
      mark_stack_take(&marker->stack, more);
      continue;
    }
    entry = queue.entries[queue.first++ % QUEUE_LENGTH];
    if ((mode & MODE_BESIDE) != 0)
      heap = heap_extent();
    if (LIKELY((entry.descriptor & DESCRIPTOR_TAG_MASK) == DESCRIPTOR_LENGTH) &&
        LIKELY(entry.descriptor <= PIECE_BYTES))
      scan_words(marker, mode, heap, (const uintptr_t *)entry.start, entry.descriptor / sizeof(uintptr_t));
    else
      scan(marker, entry);
    if (UNLIKELY(__atomic_load_n(&mark_lists.idle, __ATOMIC_RELAXED) != 0))
      mark_stack_share(&marker->stack);
    if (UNLIKELY(marker->totals.objects >= end) ||
        ((mode & MODE_BESIDE) != 0 && UNLIKELY(__atomic_load_n(common.halt, __ATOMIC_RELAXED) != 0))) {
      for (; queue.first != queue.end; queue.first++)
        mark_stack_push(&marker->stack, queue.entries[queue.first % QUEUE_LENGTH].start,
                        queue.entries[queue.first % QUEUE_LENGTH].descriptor);
      return;
    }
  }
}

static NOINLINE void work(struct marker *marker, uint64_t most) {
  switch (mode_now()) {
  case MODE_INTERIOR:
    work_in_mode(marker, MODE_INTERIOR, most);
    return;
  case MODE_INTERIOR | MODE_PARALLEL:
    work_in_mode(marker, MODE_INTERIOR | MODE_PARALLEL, most);
    return;
  default:
    work_in_mode(marker, mode_now(), most);
  }
}

/* ---- Several markers ---- */

static uint32_t helpers; /* started; atomic */
static uint32_t helper_alive[MARKERS_MOST];
/* They scan without recursion. */
#define HELPER_STACK_BYTES (32 * KIB)

static bool has_work(const struct marker *marker) {
  return marker->stack.top != marker->stack.base || __atomic_load_n(&mark_lists.full, __ATOMIC_RELAXED) != NULL;
}

/* Works until all markers have nothing left. */
static void work_with_others(struct marker *marker) {
  for (;;) {
    work(marker, UINT64_MAX);
    lock_take(&mark_lists.lock);
    if (mark_lists.full != NULL) {
      lock_drop(&mark_lists.lock);
      continue;
    }
    bool last = --common.working == 0;
    lock_drop(&mark_lists.lock);
    if (last) {
      __atomic_fetch_add(&mark_lists.event, 1, __ATOMIC_RELEASE);
      kernel_wake_all(&mark_lists.event);
      return;
    }
    __atomic_fetch_add(&mark_lists.idle, 1, __ATOMIC_SEQ_CST);
    bool more = false, done = false;
    for (unsigned spins = 0; !more && !done; spins++) {
      uint32_t event = __atomic_load_n(&mark_lists.event, __ATOMIC_ACQUIRE);
      lock_take(&mark_lists.lock);
      done = common.working == 0;
      more = !done && mark_lists.full != NULL;
      if (more)
        common.working++;
      lock_drop(&mark_lists.lock);
      if (more || done)
        break;
      if (spins >= IDLE_SPINS)
        kernel_wait(&mark_lists.event, event, 0);
      else
        for (unsigned i = 0; i < 32 && __atomic_load_n(&mark_lists.event, __ATOMIC_RELAXED) == event; i++)
          spin_pause();
    }
    __atomic_fetch_sub(&mark_lists.idle, 1, __ATOMIC_SEQ_CST);
    if (done)
      return;
  }
}

static uint32_t helpers_done; /* atomic, a futex */

static void help(void) {
  uint32_t number = __atomic_add_fetch(&helpers, 1, __ATOMIC_ACQ_REL); /* from 1 on */
  uint32_t seen = 0;
  for (;;) {
    uint32_t call;
    while ((call = __atomic_load_n(&common.call, __ATOMIC_ACQUIRE)) == seen)
      kernel_wait(&common.call, seen, 0);
    seen = call;
    if (number >= __atomic_load_n(&common.wanted, __ATOMIC_ACQUIRE))
      continue;
    work_with_others(&markers[number]);
    __atomic_fetch_add(&helpers_done, 1, __ATOMIC_RELEASE);
    kernel_wake(&helpers_done);
  }
}

/* How many markers there are after trying to have so many. */
static unsigned have_markers(unsigned wanted) {
  static unsigned started, refused;
  if (__atomic_load_n(&helpers, __ATOMIC_ACQUIRE) == 0 && started != 0)
    started = 0; /* in a child of fork */
  while (started + 1 < wanted && started + 1 < MARKERS_MOST && refused == 0) {
    void *stack = sequence_piece(HELPER_STACK_BYTES);
    if (stack == NULL || kernel.start_thread(help, stack, HELPER_STACK_BYTES, &helper_alive[started + 1]) != 0) {
      refused = 1;
      break;
    }
    started++;
    while (__atomic_load_n(&helpers, __ATOMIC_ACQUIRE) < started)
      kernel_yield();
  }
  return started + 1 < wanted ? started + 1 : wanted;
}

static void work_in_parallel(unsigned wanted) {
  unsigned count = have_markers(wanted);
  if (count < 2) {
    work(&markers[0], UINT64_MAX);
    return;
  }
  common.parallel = true;
  common.working = count;
  __atomic_store_n(&helpers_done, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&common.wanted, count, __ATOMIC_RELEASE);
  __atomic_fetch_add(&common.call, 1, __ATOMIC_RELEASE);
  kernel_wake_all(&common.call);
  work_with_others(&markers[0]);
  uint32_t done;
  while ((done = __atomic_load_n(&helpers_done, __ATOMIC_ACQUIRE)) != count - 1)
    kernel_wait(&helpers_done, done, 0);
  __atomic_store_n(&common.wanted, 0, __ATOMIC_RELEASE);
  common.parallel = false;
}

void mark_after_fork_in_child(void) {
  __atomic_store_n(&helpers, 0, __ATOMIC_RELEASE);
  lock_reset(&mark_lists.lock);
  lock_reset(&common.assist);
  mark_lists.idle = 0;
  memset(helper_alive, 0, sizeof helper_alive);
}

/* ---- From outside ---- */

void mark_begin(void) {
  for (unsigned i = 0; i < MARKERS_MOST; i++)
    markers[i].totals = (struct mark_totals){0};
  __atomic_store_n(&mark_lists.dropped, false, __ATOMIC_RELAXED);
}

void mark_words(const uintptr_t *words, size_t count, bool stack) {
  struct marker *marker = &markers[0];
  struct extent heap = heap_extent();
  unsigned mode = mode_now();
  mode |= stack ? MODE_INTERIOR : 0u;
  for (size_t i = 0; i < count; i++) {
    uintptr_t word = words[i];
    if (LIKELY(word - heap.base > heap.bytes))
      continue;
    consider(marker, mode, heap, word);
    if (stack && word % GRANULE == 0)
      consider(marker, mode, heap, word - 1); /* it may stand exactly behind an object */
  }
}

static void (*watch_object)(uintptr_t word);
static void (*watch_range)(uintptr_t start, uintptr_t end);

void mark_watch(void (*object)(uintptr_t word), void (*range)(uintptr_t start, uintptr_t end)) {
  watch_object = object;
  watch_range = range;
}

void mark_object(uintptr_t word) {
  if (UNLIKELY(watch_object != NULL)) {
    watch_object(word);
    return;
  }
  consider(&markers[0], mode_now() | MODE_INTERIOR, heap_extent(), word);
}

void mark_contents(uintptr_t start) {
  struct collect_object object;
  if (!collect_object_at((const void *)start, &object))
    return;
  struct mark_totals before = markers[0].totals; /* it is counted when it is marked */
  found(&markers[0], mode_now(), space_table[slice_of(start)], object.start, object.bytes);
  markers[0].totals = before;
}

void mark_range(uintptr_t start, uintptr_t end) {
  if (UNLIKELY(watch_range != NULL)) {
    watch_range(start, end);
    return;
  }
  start = align_up(start, sizeof(uintptr_t));
  if (start < end)
    scan_stretch(&markers[0], start, end);
}

/* ---- Beside the program ---- */

void mark_beside_begin(const uint32_t *halt) {
  common.halt = halt;
  common.parallel = common.beside = true;
}

bool mark_beside(void) {
  struct marker *marker = &markers[0];
  for (;;) {
    work(marker, UINT64_MAX);
    if (__atomic_load_n(common.halt, __ATOMIC_RELAXED) != 0)
      return false;
    lock_take(&common.assist);
    bool more = has_work(marker);
    lock_drop(&common.assist);
    if (!more)
      return true;
  }
}

uint64_t mark_assist(uint64_t objects) {
  struct marker *marker = &markers[1];
  uint64_t before = marker->totals.bytes;
  __atomic_fetch_add(&mark_lists.idle, 1, __ATOMIC_SEQ_CST); /* the other one shares */
  lock_take(&common.assist);
  work(marker, objects);
  if (marker->stack.top != marker->stack.base)
    chunk_share(mark_stack_leave(&marker->stack));
  lock_drop(&common.assist);
  __atomic_fetch_sub(&mark_lists.idle, 1, __ATOMIC_SEQ_CST);
  return marker->totals.bytes - before;
}

void mark_beside_end(void) {
  common.parallel = common.beside = false;
  struct chunk *chunk = mark_lists.later;
  mark_lists.later = NULL;
  while (chunk != NULL) {
    for (size_t i = 0; i < chunk->count; i++)
      if (mark_is_set(chunk->entries[i].start)) /* else it was freed by hand */
        mark_contents(chunk->entries[i].start);
    struct chunk *next = chunk->next;
    chunk_give(chunk);
    chunk = next;
  }
}

void mark_abandon(void) {
  common.parallel = common.beside = false;
  chunks_give_all(&mark_lists.full);
  chunks_give_all(&mark_lists.procedures);
  chunks_give_all(&mark_lists.later);
  for (unsigned i = 0; i < MARKERS_MOST; i++)
    markers[i].stack.top = markers[i].stack.base;
}

/* What of a marked object lies in [from, to). */
static void look_again(struct marker *marker, const struct span *span, uintptr_t start, uintptr_t from,
                       uintptr_t to) {
  size_t bytes = __atomic_load_n(&span->object_bytes, __ATOMIC_RELAXED);
  uintptr_t descriptor = descriptor_of(span, start, bytes);
  if (descriptor == 0)
    return;
  if (common.beside && !is_within(descriptor, bytes)) {
    chunks_put_aside(&mark_lists.later, (struct entry){start, descriptor});
  } else if ((descriptor & DESCRIPTOR_TAG_MASK) == DESCRIPTOR_LENGTH) {
    from = from > start ? from : start;
    to = to < start + descriptor ? to : start + descriptor;
    if (from < to)
      scan_stretch(marker, from, to);
  } else {
    scan(marker, (struct entry){start, descriptor});
  }
}

static void look_again_in(struct marker *marker, struct span *span, uintptr_t from, uintptr_t to) {
  const struct kind_rule *rule = &kind_rules[span->collect_kind];
  if (rule->descriptor == 0 && !rule->add_size && !rule->last_word)
    return;
  uint32_t first = span_slot_around(span, (uint32_t)(from - span->start));
  uint32_t last = span_slot_around(span, (uint32_t)(to - 1 - span->start));
  if (last >= span->capacity)
    last = span->capacity - 1u;
  for (uint32_t word = first / 64; first <= last && word <= last / 64; word++) {
    uint64_t bits = __atomic_load_n(&span_mark_bits(span)[word], __ATOMIC_RELAXED);
    for (; bits != 0; bits &= bits - 1) {
      uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(bits);
      if (index >= first && index <= last && span_slot_is_live(span, index))
        look_again(marker, span, span->start + index * span->object_bytes, from, to);
    }
  }
}

void mark_again(uintptr_t start, uintptr_t end) {
  struct marker *marker = &markers[0];
  struct extent heap = heap_extent();
  if (end > heap.base + heap.bytes)
    end = heap.base + heap.bytes;
  while (start < end) {
    uintptr_t piece = align_down(start - heap.base, SLICE_BYTES) + SLICE_BYTES + heap.base;
    if (piece > end)
      piece = end;
    struct span *span = __atomic_load_n(&heap.table[slice_of(start)], __ATOMIC_ACQUIRE);
    uint8_t kind = __atomic_load_n(&span->kind, __ATOMIC_ACQUIRE);
    if (kind == FH_SPAN_SMALL)
      look_again_in(marker, span, start, piece);
    else if (kind == FH_SPAN_LARGE && __atomic_load_n(&span->large_mark, __ATOMIC_RELAXED) != 0)
      look_again(marker, span, span->start, start, piece);
    start = piece;
  }
}

/* Looks at all marked objects of one span again. */
static void push_marked(struct marker *marker, struct span *span) {
  const struct kind_rule *rule = &kind_rules[span->collect_kind];
  struct mark_totals before = marker->totals;
  unsigned mode = mode_now();
  if (rule->descriptor == 0 && !rule->add_size && !rule->last_word)
    return;
  if (span->kind == FH_SPAN_LARGE && span->large_mark != 0)
    found(marker, mode, span, span->start, span->object_bytes);
  if (span->kind == FH_SPAN_SMALL)
    for (unsigned i = 0; i < span->words; i++)
      for (uint64_t bits = span_mark_bits(span)[i]; bits != 0; bits &= bits - 1)
        found(marker, mode, span, span->start + (i * 64 + (unsigned)__builtin_ctzll(bits)) * span->object_bytes,
              span->object_bytes);
  marker->totals = before;
}

static COLD void mark_what_was_dropped(void) {
  while (__atomic_exchange_n(&mark_lists.dropped, false, __ATOMIC_RELAXED))
    for (size_t slice = 0; slice < space_slice_limit; slice++) {
      struct span *span = space_table[slice];
      if (span->first_slice != slice || (span->kind != FH_SPAN_SMALL && span->kind != FH_SPAN_LARGE))
        continue;
      push_marked(&markers[0], span);
      work(&markers[0], UINT64_MAX);
    }
}

/* Runs the procedures for the objects that were put aside. True when there were any. */
static bool run_procedures(void) {
  struct chunk *chunk = mark_lists.procedures;
  if (chunk == NULL)
    return false;
  mark_lists.procedures = NULL;
  while (chunk != NULL) {
    for (size_t i = 0; i < chunk->count; i++) {
      uintptr_t code = chunk->entries[i].descriptor >> DESCRIPTOR_TAG_BITS;
      collect_procedure procedure = kind_procedures[code % PROCEDURES_MOST];
      if (procedure != NULL)
        procedure((uintptr_t *)chunk->entries[i].start, code / PROCEDURES_MOST);
    }
    struct chunk *next = chunk->next;
    chunk_give(chunk);
    chunk = next;
  }
  return true;
}

void mark_drain(void) {
  do {
    work(&markers[0], UINT64_MAX);
    mark_what_was_dropped();
  } while (run_procedures());
}

void mark_finish(unsigned wanted) {
  if (wanted > 1) {
    work(&markers[0], ALONE_OBJECTS);
    if (has_work(&markers[0]))
      work_in_parallel(wanted);
  }
  mark_drain();
}

void mark_end(void) {
  if (common.pagemap >= 0)
    kernel_close(common.pagemap);
  common.pagemap = PAGEMAP_UNTRIED;
}

bool mark_is_set(uintptr_t start) {
  if (!space_contains(start))
    return true;
  struct span *span = space_table[slice_of(start)];
  if (span->kind == FH_SPAN_LARGE)
    return span->large_mark != 0 || (span->collect_flags & COLLECT_KEPT) != 0;
  if (span->kind != FH_SPAN_SMALL)
    return true;
  uint32_t index = span_slot_around(span, (uint32_t)(start - span->start));
  return index >= span->capacity || (span->collect_flags & COLLECT_KEPT) != 0 ||
         (span_mark_bits(span)[index / 64] >> index % 64 & 1) != 0;
}

struct mark_totals mark_totals(void) {
  struct mark_totals totals = {0};
  for (unsigned i = 0; i < MARKERS_MOST; i++) {
    totals.objects += markers[i].totals.objects;
    totals.bytes += markers[i].totals.bytes;
    totals.scanned_bytes += markers[i].totals.scanned_bytes;
    totals.absent_bytes += markers[i].totals.absent_bytes;
  }
  return totals;
}
