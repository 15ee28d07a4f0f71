#include "collect/roots.h"
#include "base/lock.h"
#include "collect/kinds.h"
#include "collect/mark.h"
#include "heap/accounts.h"
#include "heap/thread.h"
#include "reach/kernel_roots.h"
#include "reach/roots.h"
#include "reach/sequence.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* ---- What the client registered ---- */

struct range {
  uintptr_t start, end;
};
static struct lock ranges_lock;
static struct sequence ranges = SEQUENCE_OF(struct range);

bool collect_add_roots(uintptr_t start, uintptr_t end) {
  if (start >= end)
    return true;
  lock_take(&ranges_lock);
  bool added = false;
  for (size_t i = 0; i < ranges.count && !added; i++) {
    struct range *range = sequence_at(&ranges, i);
    if (range->start == start && range->end < end)
      range->end = end;
    added = range->start <= start && range->end >= end;
  }
  if (!added) {
    struct range *range = sequence_push(&ranges);
    if (range != NULL)
      *range = (struct range){start, end};
    added = range != NULL;
  }
  lock_drop(&ranges_lock);
  return added;
}

void collect_remove_roots(uintptr_t start, uintptr_t end) {
  lock_take(&ranges_lock);
  for (size_t i = 0; i < ranges.count;) {
    struct range *range = sequence_at(&ranges, i);
    if (range->start >= start && range->end <= end) {
      *range = *(struct range *)sequence_at(&ranges, ranges.count - 1);
      sequence_pop(&ranges);
    } else {
      i++;
    }
  }
  lock_drop(&ranges_lock);
}

void collect_clear_roots(void) {
  lock_take(&ranges_lock);
  sequence_clear(&ranges);
  collect_settings.static_roots = false;
  lock_drop(&ranges_lock);
}

/* ---- Where data is ---- */

#define PARTS_MOST 8
struct parts {
  struct range ranges[PARTS_MOST];
  size_t count;
};
static struct parts program, library; /* fixed after the start */
static uintptr_t first_thread;        /* the first thread's pointer */

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static void note_parts(struct parts *parts, const ElfW(Phdr) * headers, size_t count, uintptr_t base) {
  for (size_t i = 0; i < count && parts->count < PARTS_MOST; i++)
    if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_W) != 0)
      parts->ranges[parts->count++] =
          (struct range){base + headers[i].p_vaddr, base + headers[i].p_vaddr + headers[i].p_memsz};
}

void roots_start(void) {
  const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
  size_t count = getauxval(AT_PHNUM);
  const ElfW(Phdr) *own = (const void *)((const char *)&__ehdr_start + __ehdr_start.e_phoff);
  uintptr_t base = 0;
  for (size_t i = 0; headers != NULL && i < count; i++)
    if (headers[i].p_type == PT_PHDR)
      base = (uintptr_t)headers - headers[i].p_vaddr;
  if (headers != NULL)
    note_parts(&program, headers, count, base);
  if (own != headers) /* linked into the program, it has no data of its own to tell apart */
    note_parts(&library, own, __ehdr_start.e_phnum, (uintptr_t)&__ehdr_start);
  if (getpid() == gettid())
    first_thread = thread_pointer();
}

/* ---- What is no root ---- */

/* The heap's own notes hold addresses of objects: the library's data, and in each thread's local storage its view. */
static struct sequence excluded = SEQUENCE_OF(struct reach_range);
static struct sequence thread_pointers = SEQUENCE_OF(uintptr_t);
static bool enough;

static void exclude(uintptr_t start, size_t bytes) {
  struct reach_range *range = sequence_push(&excluded);
  if (range != NULL)
    *range = (struct reach_range){start, start + bytes};
  enough = enough && range != NULL;
}

static void exclude_heap(struct heap *heap) {
  if (heap->owner == 0)
    return;
  uintptr_t *pointer = sequence_push(&thread_pointers);
  if (pointer != NULL)
    *pointer = heap->owner;
  enough = enough && pointer != NULL;
  uintptr_t view = heap->owner + ((uintptr_t)&thread_view - thread_pointer());
  exclude(view, sizeof thread_view);
}

/* A sequence's records lie in one piece up to this many; the finder of roots wants an array. */
#define EXCLUDED_MOST ((size_t)1 << SEQUENCE_FIRST_SHIFT)

static bool holds_thread_locals(uintptr_t start, uintptr_t end) {
  if (first_thread >= start && first_thread < end)
    return true;
  for (size_t i = 0; i < thread_pointers.count; i++) {
    uintptr_t pointer = *(const uintptr_t *)sequence_at(&thread_pointers, i);
    if (pointer >= start && pointer < end)
      return true;
  }
  return false;
}

/* ---- Marking ---- */

static bool take_words(struct word_reader *reader, const uintptr_t *words, size_t count, uintptr_t at) {
  const struct root_source *source = (const struct root_source *)(const void *)reader;
  (void)at;
  mark_words(words, count, source->stack || source->kind == FH_ROOT_REGISTER || source->kind == FH_ROOT_STACK);
  return true;
}

/* A stack may lie in an object of the heap: then the object counts, and the finder need not read it. */
static bool find_object(uintptr_t word, struct reach_object *object) {
  struct collect_object found;
  if (!collect_object_at((const void *)word, &found))
    return false;
  *object = (struct reach_object){.start = found.start, .bytes = found.bytes};
  return true;
}

/* Objects that stay until they are freed, and may hold pointers. */
static void mark_kept_span(struct span *span) {
  for (unsigned i = 0; i < span->words; i++) {
    uint64_t gone = span_free_bits(span)[i] | __atomic_load_n(&span_remote_bits(span)[i], __ATOMIC_RELAXED);
    for (unsigned bit = 0; bit < 64 && i * 64 + bit < span->capacity; bit++)
      if ((gone >> bit & 1) == 0)
        mark_object(span->start + (i * 64 + bit) * span->object_bytes);
  }
}

static void mark_kept(struct heap *heap) {
  if ((heap->collect_flags & COLLECT_KEPT) == 0 || heap->collect_kind == KIND_ATOMIC_UNCOLLECTABLE)
    return;
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    if (heap->bins[i].span != NULL)
      mark_kept_span(heap->bins[i].span);
    for (struct span *span = heap->partial[i].first; span != NULL; span = span->next)
      mark_kept_span(span);
    for (struct span *span = heap->full[i].first; span != NULL; span = span->next)
      mark_kept_span(span);
  }
  for (struct span *span = heap->large; span != NULL; span = span->large_next)
    mark_object(span->start);
}

/* What a thread has taken from its cache a moment ago it may not have the address of yet; or it has yet to take the slot, in
 * a span that will not have been swept then. */
static void mark_taken_from_cache(struct heap *heap) {
  if (heap->owner == 0 || heap == thread_heap)
    return;
  for (unsigned i = 0; i < LONG_CLASSES; i++) {
    const struct long_cache *cache = &heap->long_cache[i];
    if (cache->count >= LONG_CACHE_MOST || cache->entries[cache->count] == 0)
      continue;
    struct span *span = (struct span *)align_down(cache->entries[cache->count], SPAN_UNIT);
    size_t index = cache->entries[cache->count] % SPAN_UNIT;
    if (span->kind != FH_SPAN_SMALL || !span_is_long(span) || index >= span->capacity)
      continue;
    mark_object(span->start + index * span->object_bytes);
    span_mark_bits(span)[0] |= (uint64_t)1 << index;
  }
}

bool roots_world(struct reach_world *world) {
  enough = true;
  sequence_clear(&excluded);
  sequence_clear(&thread_pointers);
  for (size_t i = 0; i < library.count; i++)
    exclude(library.ranges[i].start, library.ranges[i].end - library.ranges[i].start);
  /* Linked into the program, at least what surely has addresses of objects. */
  exclude((uintptr_t)&space_base, sizeof space_base);
  exclude((uintptr_t)accounts.root, sizeof *accounts.root);
  exclude((uintptr_t)shared_heaps, sizeof shared_heaps);
  exclude((uintptr_t)long_heaps, sizeof long_heaps);
  if (space.claimed) /* piece by piece: nothing was reserved, so nothing is known to be the heap's own */
    exclude(space.metadata_start, slice_address(space.slice_capacity) - space.metadata_start);
  heap_each(exclude_heap);
  if (excluded.count >= EXCLUDED_MOST) /* too many threads for the array: their views count, which retains a little */
    excluded.count = EXCLUDED_MOST - 1;
  exclude(0, 0);
  if (!enough)
    return false;
  *world = (struct reach_world){
      .find = find_object,
      .excluded = sequence_at(&excluded, 0),
      .scope = collect_settings.all_memory                                       ? REACH_EVERYTHING
               : collect_settings.static_roots && collect_settings.library_roots ? REACH_DATA
                                                                                 : REACH_STACKS,
      .wanted = holds_thread_locals,
  };
  return true;
}

bool roots_mark(const ucontext_t *here) {
  struct reach_world world;
  struct root_source source = {.words.take = take_words};
  if (!roots_world(&world) || !roots_words(&world, here, &source) ||
      (world.scope == REACH_EVERYTHING && !kernel_roots_all_seen()))
    return false;
  if (world.scope == REACH_STACKS && collect_settings.static_roots)
    for (size_t i = 0; i < program.count; i++)
      mark_range(program.ranges[i].start, program.ranges[i].end);
  for (size_t i = 0; i < ranges.count; i++) {
    const struct range *range = sequence_at(&ranges, i);
    mark_range(range->start, range->end);
  }
  heap_each(mark_kept);
  heap_each(mark_taken_from_cache);
  return true;
}

/* ---- For who asks what keeps an object ---- */

static struct root_source *watching;
static bool go_on;

static void give_word(uintptr_t word) {
  go_on = go_on && watching->words.take(&watching->words, &word, 1, word);
}

static void give_range(uintptr_t start, uintptr_t end) {
  start = align_up(start, sizeof(uintptr_t));
  if (go_on && start < end)
    go_on = memory_words(start, end - start, &watching->words);
}

/* By the table of slices, not by the heaps' lists: some thread may have been in the middle of changing one. */
static void give_kept(struct span *span) {
  if ((span->collect_flags & COLLECT_KEPT) == 0 || span->collect_kind == KIND_ATOMIC_UNCOLLECTABLE)
    return;
  if (span->kind == FH_SPAN_LARGE)
    give_word(span->start);
  for (uint32_t i = 0; span->kind == FH_SPAN_SMALL && i < span->capacity; i++)
    if (span_slot_is_live(span, i))
      give_word(span->start + i * span->object_bytes);
}

bool roots_more(struct root_source *source) {
  watching = source;
  go_on = true;
  source->stack = false;
  source->kind = FH_ROOT_NONE;
  if (!collect_settings.library_roots && collect_settings.static_roots && !collect_settings.all_memory)
    for (size_t i = 0; i < program.count; i++)
      give_range(program.ranges[i].start, program.ranges[i].end);
  source->kind = FH_ROOT_COLLECTOR;
  source->number = COLLECTOR_ROOT_RANGE;
  for (size_t i = 0; i < ranges.count; i++) {
    const struct range *range = sequence_at(&ranges, i);
    give_range(range->start, range->end);
  }
  source->number = COLLECTOR_ROOT_KEPT;
  for (size_t slice = 0; slice < space_slice_limit; slice++)
    if (space_table[slice]->first_slice == slice)
      give_kept(space_table[slice]);
  source->number = COLLECTOR_ROOT_HOOK;
  if (go_on && collect_hooks.more_roots != NULL) {
    mark_watch(give_word, give_range);
    collect_hooks.more_roots();
    mark_watch(NULL, NULL);
  }
  return go_on;
}
