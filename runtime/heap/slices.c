#include "heap/slices.h"
#include "base/options.h"
#include "base/print.h"
#include "heap/accounts.h"
#include "heap/heap.h"
#include "heap/purge.h"
#include "heap/sampled.h"
#include "space/kernel.h"

#include <limits.h>
#include <string.h>

struct lock slice_lock;

/* Buckets: one for each length to 64 slices (4 MiB), then four for each doubling. */
#define EXACT_LENGTHS 64u
#define BUCKET_COUNT  (EXACT_LENGTHS + 4 * 26)
/* How many runs of a mixed bucket are looked at before the next bucket, where every run fits, is taken. */
#define BUCKET_TRIES 16
/* How often a request that found nothing is tried again while runs are in the purge's hands. */
#define TRIES_BESIDE_PURGE 1000

/* Runs with dirty slices, and runs without. The dirty ones are taken first, though they fit less well: pages that are
 * there cost nothing, and what has been given back should stay so. */
enum { RUNS_DIRTY, RUNS_CLEAN, RUN_KINDS };
struct buckets {
  struct span_list lists[BUCKET_COUNT];
  uint64_t used[(BUCKET_COUNT + 63) / 64]; /* bit i: list i is not empty */
};
static struct buckets buckets[RUN_KINDS];
static struct span *oldest_dirty, *newest_dirty;
/* The runs whose pages are being given back without the lock, each in a place of its own: in no list, and for a child
 * of fork to put back. */
#define PURGES_AT_ONCE 8
static struct span *runs_in_purge[PURGES_AT_ONCE];

static unsigned bucket_of(size_t length) {
  if (length <= EXACT_LENGTHS)
    return (unsigned)length - 1;
  unsigned doubling = highest_bit(length);
  return EXACT_LENGTHS + (doubling - 6) * 4 + (unsigned)((length >> (doubling - 2)) & 3);
}

static void table_fill(size_t first, size_t count, struct span *span) {
  for (size_t i = 0; i < count; i++)
    __atomic_store_n(&space_table[first + i], span, __ATOMIC_RELAXED);
}

/* ---- Runs in their lists. ---- */

/* Keeps the list in order of age; what comes is mostly the newest, or, cut from an old run, the oldest. */
static void dirty_list_add(struct span *run) {
  struct span *older = newest_dirty;
  if (oldest_dirty != NULL && run->freed_at <= oldest_dirty->freed_at)
    older = NULL;
  while (older != NULL && older->freed_at > run->freed_at)
    older = older->older;
  run->older = older;
  run->newer = older != NULL ? older->newer : oldest_dirty;
  if (run->newer != NULL)
    run->newer->older = run;
  else
    newest_dirty = run;
  if (older != NULL)
    older->newer = run;
  else
    oldest_dirty = run;
}

static void dirty_list_remove(struct span *run) {
  if (run->older != NULL)
    run->older->newer = run->newer;
  else
    oldest_dirty = run->newer;
  if (run->newer != NULL)
    run->newer->older = run->older;
  else
    newest_dirty = run->older;
}

static struct buckets *buckets_of(const struct span *run) {
  return &buckets[run->dirty_slices != 0 ? RUNS_DIRTY : RUNS_CLEAN];
}

static void run_insert(struct span *run) {
  size_t last = run->first_slice + run->slices - 1;
  __atomic_store_n(&space_table[run->first_slice], run, __ATOMIC_RELAXED);
  __atomic_store_n(&space_table[last], run, __ATOMIC_RELAXED);
  run->start = slice_address(run->first_slice);
  run->kind = FH_SPAN_FREE;
  unsigned bucket = bucket_of(run->slices);
  struct buckets *kind = buckets_of(run);
  span_list_prepend(&kind->lists[bucket], run);
  kind->used[bucket / 64] |= (uint64_t)1 << bucket % 64;
  accounts.free_slice_bytes += (uint64_t)run->dirty_slices << SLICE_SHIFT;
  if (run->dirty_slices != 0)
    dirty_list_add(run);
}

static void run_remove(struct span *run) {
  unsigned bucket = bucket_of(run->slices);
  struct buckets *kind = buckets_of(run);
  span_list_remove(&kind->lists[bucket], run);
  if (kind->lists[bucket].first == NULL)
    kind->used[bucket / 64] &= ~((uint64_t)1 << bucket % 64);
  accounts.free_slice_bytes -= (uint64_t)run->dirty_slices << SLICE_SHIFT;
  if (run->dirty_slices != 0)
    dirty_list_remove(run);
}

static bool run_is_in_purge(const struct span *run) {
  for (unsigned i = 0; i < PURGES_AT_ONCE; i++)
    if (runs_in_purge[i] == run)
      return true;
  return false;
}

static struct span **place_for_purge(void) {
  for (unsigned i = 0; i < PURGES_AT_ONCE; i++)
    if (runs_in_purge[i] == NULL)
      return &runs_in_purge[i];
  return NULL;
}

/* The free run that slice `slice` belongs to as its first or last one, or NULL. */
static struct span *run_at(size_t slice) {
  struct span *span = space_table[slice];
  return span->kind == FH_SPAN_FREE && !run_is_in_purge(span) ? span : NULL;
}

static void run_absorb(struct span *run, struct span *neighbour) {
  run_remove(neighbour);
  if (neighbour->first_slice < run->first_slice) {
    table_fill(run->first_slice, 1, &no_span);
    table_fill(run->first_slice - 1, 1, &no_span);
    run->first_slice = neighbour->first_slice;
  } else {
    table_fill(neighbour->first_slice, 1, &no_span);
    table_fill(neighbour->first_slice - 1, 1, &no_span);
  }
  /* The greater part's age counts: a slice that comes and goes at the edge of a long idle run must not keep it from
   * being purged. */
  if (neighbour->dirty_slices > run->dirty_slices)
    run->freed_at = neighbour->freed_at;
  run->slices += neighbour->slices;
  run->dirty_slices += neighbour->dirty_slices;
  span_descriptor_give(neighbour);
}

/* A run that is in no list, with its table entries at no_span, joins its neighbours and the lists. */
static void run_give(struct span *run) {
  if (run->first_slice > 0) {
    struct span *before = run_at(run->first_slice - 1);
    if (before != NULL)
      run_absorb(run, before);
  }
  size_t behind = run->first_slice + run->slices;
  if (behind < space_slice_limit) {
    struct span *after = run_at(behind);
    if (after != NULL)
      run_absorb(run, after);
  }
  run_insert(run);
}

/* ---- Taking. ---- */

/* The first slice at or behind `slice` whose address is a multiple of `alignment`. */
static size_t aligned_slice(size_t slice, size_t alignment) {
  return slice_of(align_up(slice_address(slice), alignment));
}

static bool run_fits(const struct span *run, size_t count, size_t alignment) {
  size_t first = aligned_slice(run->first_slice, alignment);
  return first + count <= (size_t)run->first_slice + run->slices;
}

static struct span *run_find_in(const struct buckets *kind, size_t count, size_t alignment) {
  unsigned bucket = bucket_of(count);
  for (unsigned word = bucket / 64; word < ARRAY_LENGTH(kind->used); word++) {
    uint64_t used = kind->used[word];
    if (word == bucket / 64)
      used &= ~(uint64_t)0 << bucket % 64;
    while (used != 0) {
      unsigned number = word * 64 + (unsigned)__builtin_ctzll(used);
      used &= used - 1;
      unsigned tries = BUCKET_TRIES;
      for (struct span *run = kind->lists[number].first; run != NULL && tries-- != 0; run = run->next)
        if (run_fits(run, count, alignment))
          return run;
    }
  }
  return NULL;
}

static struct span *run_find(size_t count, size_t alignment) {
  struct span *run = run_find_in(&buckets[RUNS_DIRTY], count, alignment);
  return run != NULL ? run : run_find_in(&buckets[RUNS_CLEAN], count, alignment);
}

/* Cuts [first, first + count) out of a run that is in its lists, and gives the rest back. `spare` may become the
 * second rest's descriptor; it is set to NULL when it did. */
static void run_cut(struct span *run, size_t first, size_t count, struct span **spare) {
  run_remove(run);
  size_t end = run->first_slice + run->slices;
  size_t before = first - run->first_slice;
  size_t after = end - (first + count);
  uint32_t dirty_before = before != 0 ? (uint32_t)space_dirty_slices(run->first_slice, before) : 0;
  uint32_t dirty_cut = (uint32_t)space_dirty_slices(first, count);
  uint32_t dirty_after = run->dirty_slices - dirty_before - dirty_cut;
  uint64_t freed_at = run->freed_at;
  if (after != 0) {
    struct span *rest = run;
    if (before != 0) {
      rest = *spare;
      *spare = NULL;
    }
    rest->first_slice = (uint32_t)(first + count);
    rest->slices = (uint32_t)after;
    rest->dirty_slices = dirty_after;
    rest->freed_at = freed_at;
    if (rest != run)
      run_insert(rest);
  }
  if (before != 0) {
    run->slices = (uint32_t)before;
    run->dirty_slices = dirty_before;
  }
  if (before != 0 || after != 0)
    run_insert(run);
  else
    span_descriptor_give(run);
}

static void account_take(size_t count) {
  accounts.slices_in_use += count;
  uint64_t heap_bytes = (accounts.slices_in_use << SLICE_SHIFT) + accounts.free_slice_bytes;
  accounts.root->heap_bytes = heap_bytes;
  if (heap_bytes > accounts.root->peak_heap_bytes)
    accounts.root->peak_heap_bytes = heap_bytes;
  accounts_publish();
}

static void account_give(size_t count) {
  accounts.slices_in_use -= count;
  accounts_publish();
}

/* Whether `count` more slices fit under the limit. May purge, dropping the lock meanwhile. */
static bool limit_allows(size_t count) {
  if (options.limit == 0)
    return true;
  size_t wanted = ((accounts.slices_in_use + count) << SLICE_SHIFT) + sampled_bytes();
  if (wanted > options.limit)
    return false;
  if (wanted + accounts.free_slice_bytes > options.limit) {
    lock_drop(&slice_lock);
    slices_purge(UINT64_MAX, 0, UINT_MAX);
    lock_take(&slice_lock);
  }
  return ((accounts.slices_in_use + count) << SLICE_SHIFT) + sampled_bytes() <= options.limit;
}

/* Under the slice lock, which may be dropped meanwhile. */
static struct span *take_locked(enum fh_span_kind kind, unsigned class_index, size_t count, size_t alignment,
                                struct heap *heap) {
  struct span *span = NULL, *spare = NULL;
  if (count > UINT32_MAX / 2)
    return NULL;
  if (!limit_allows(count))
    return NULL;
  span = span_descriptor_take(class_index);
  if (span == NULL)
    return NULL;
  if (alignment > SLICE_BYTES) { /* both ends of the run may stay behind */
    spare = span_descriptor_take(CLASS_NONE);
    if (spare == NULL)
      goto fail;
  }
  size_t first;
  struct span *run = run_find(count, alignment);
  if (run != NULL) {
    first = aligned_slice(run->first_slice, alignment);
    run_cut(run, first, count, &spare);
    if (!space_restore(first, count)) {
      *span = (struct span){.first_slice = (uint32_t)first,
                            .slices = (uint32_t)count,
                            .dirty_slices = (uint32_t)space_dirty_slices(first, count),
                            .descriptor_units = span->descriptor_units};
      table_fill(first, count, &no_span);
      run_give(span);
      span = NULL;
      goto fail;
    }
  } else {
    size_t limit = space_slice_limit;
    size_t skipped = aligned_slice(limit, alignment) - limit;
    if (skipped != 0 && spare == NULL)
      goto fail;
    if (space_extend(skipped + count) == SIZE_MAX)
      goto fail;
    first = limit + skipped;
    if (skipped != 0) {
      table_fill(limit, skipped, &no_span);
      *spare = (struct span){
          .first_slice = (uint32_t)limit, .slices = (uint32_t)skipped, .descriptor_units = spare->descriptor_units};
    }
    table_fill(first, count, span);
    space_publish(first + count);
    if (skipped != 0) {
      run_give(spare);
      spare = NULL;
    }
  }
  span->first_slice = (uint32_t)first;
  span->slices = (uint32_t)count;
  span->start = slice_address(first);
  span->heap = heap;
  if (COLLECTED)
    span->swept = kind == FH_SPAN_LARGE ? COLLECT_NEWBORN : collected.cycle;
  if (COLLECTED && heap != NULL) {
    span->collect_kind = heap->collect_kind;
    span->collect_flags = heap->collect_flags;
  }
  if (class_index != CLASS_NONE)
    span_format(span, class_index);
  __atomic_store_n(&span->kind, (uint8_t)kind, __ATOMIC_RELEASE); /* who sees it sees the rest */
  __atomic_thread_fence(__ATOMIC_RELEASE);
  table_fill(first, count, span);
  account_take(count);
  if (spare != NULL)
    span_descriptor_give(spare);
  return span;
fail:
  if (spare != NULL)
    span_descriptor_give(spare);
  if (span != NULL)
    span_descriptor_give(span);
  return NULL;
}

static bool purge_in_flight(void) {
  for (unsigned i = 0; i < PURGES_AT_ONCE; i++)
    if (runs_in_purge[i] != NULL)
      return true;
  return false;
}

struct span *slices_take(enum fh_span_kind kind, unsigned class_index, size_t count, size_t alignment,
                         struct heap *heap) {
  for (unsigned tries = TRIES_BESIDE_PURGE;; tries--) {
    lock_take(&slice_lock);
    struct span *span = take_locked(kind, class_index, count, alignment, heap);
    bool again = span == NULL && tries != 0 && purge_in_flight();
    lock_drop(&slice_lock);
    if (!again)
      return span;
    /* What would do is in the purge's hands for the time of a system call. */
    kernel_yield();
  }
}

/* ---- Giving. ---- */

/* [first, first + count), just out of use and dirty, becomes a run with descriptor `run`. */
static void give_dirty(struct span *run, size_t first, size_t count) {
  table_fill(first, count, &no_span);
  memset(space.states + first, SLICE_DIRTY, count);
  span_close(run);
  run->first_slice = (uint32_t)first;
  run->slices = run->dirty_slices = (uint32_t)count;
  run->freed_at = kernel_now_coarse();
  account_give(count);
  run_give(run);
  purge_wanted_locked();
}

/* Spans that nobody has any more, but that a collector may be looking at: linked by `next`. */
static struct span *held_back;
/* Given back in one hold of the lock. */
#define HELD_BACK_BATCH 64u

static bool hold_back(struct span *span) {
  if (!COLLECTED || !collected.marking)
    return false;
  span->collect_flags |= COLLECT_HELD_BACK;
  span->next = held_back;
  held_back = span;
  return true;
}

void slices_give_held_back(void) {
  bool more = COLLECTED;
  while (more) {
    lock_take(&slice_lock);
    for (unsigned i = 0; i < HELD_BACK_BATCH && held_back != NULL && !collected.marking; i++) {
      struct span *span = held_back;
      held_back = span->next;
      slices_give_locked(span);
    }
    more = held_back != NULL && !collected.marking;
    lock_drop(&slice_lock);
  }
}

void slices_give_locked(struct span *span) {
  if (hold_back(span))
    return;
  __atomic_store_n(&span->owner, 0, __ATOMIC_RELAXED);
  give_dirty(span, span->first_slice, span->slices);
}

void slices_give(struct span *span) {
  lock_take(&slice_lock);
  slices_give_locked(span);
  lock_drop(&slice_lock);
}

bool slices_extend(struct span *span, size_t more) {
  bool done = false;
  lock_take(&slice_lock);
  size_t behind = span->first_slice + span->slices;
  if (!limit_allows(more))
    goto out;
  if (behind == space_slice_limit) {
    if (space_extend(more) == SIZE_MAX)
      goto out;
    table_fill(behind, more, span);
    space_publish(behind + more);
  } else {
    struct span *run = run_at(behind);
    if (run == NULL || run->first_slice != behind || run->slices < more || !space_restore(behind, more))
      goto out;
    struct span *no_spare = NULL;
    run_cut(run, behind, more, &no_spare);
    table_fill(behind, more, span);
  }
  span->slices += (uint32_t)more;
  account_take(more);
  done = true;
out:
  lock_drop(&slice_lock);
  return done;
}

void slices_shrink(struct span *span, size_t keep) {
  lock_take(&slice_lock);
  struct span *run = span_descriptor_take(CLASS_NONE);
  if (run != NULL) { /* without memory for a descriptor the block just stays long */
    size_t count = span->slices - keep;
    span->slices = (uint32_t)keep;
    give_dirty(run, span->first_slice + keep, count);
  }
  lock_drop(&slice_lock);
}

void slices_mark_clean(struct span *span) {
  lock_take(&slice_lock);
  memset(space.states + span->first_slice, 0, span->slices);
  if (hold_back(span)) {
    lock_drop(&slice_lock);
    return;
  }
  size_t first = span->first_slice, count = span->slices;
  table_fill(first, count, &no_span);
  span_close(span);
  span->dirty_slices = 0;
  account_give(count);
  run_give(span);
  accounts_publish();
  lock_drop(&slice_lock);
}

/* ---- Purging. ---- */

size_t slices_purge(uint64_t deadline, size_t keep_bytes, unsigned runs_most) {
  size_t given = 0;
  lock_take(&slice_lock);
  for (struct span **place; runs_most-- != 0 && (place = place_for_purge()) != NULL && oldest_dirty != NULL &&
                            oldest_dirty->freed_at <= deadline && accounts.free_slice_bytes > keep_bytes;) {
    struct span *run = oldest_dirty;
    /* Out of the lists nobody can take it or join it, so the lock need not be held for the system call. */
    run_remove(run);
    *place = run;
    lock_drop(&slice_lock);
    int failure = space_purge(run->first_slice, run->slices);
    lock_take(&slice_lock);
    *place = NULL;
    if (failure == 0) {
      size_t bytes = (size_t)run->dirty_slices << SLICE_SHIFT;
      given += bytes;
      accounts.root->purged_bytes += bytes;
      accounts.root->purge_calls++;
      space_mark_purged(run->first_slice, run->slices);
      run->dirty_slices = 0;
    } else {
      run->freed_at = kernel_now_coarse(); /* not again at once */
    }
    table_fill(run->first_slice, 1, &no_span);
    table_fill(run->first_slice + run->slices - 1, 1, &no_span);
    run_give(run);
    if (failure != 0)
      break;
  }
  accounts_publish();
  lock_drop(&slice_lock);
  return given;
}

void slices_after_fork_in_child(void) {
  for (unsigned i = 0; i < PURGES_AT_ONCE; i++) {
    struct span *run = runs_in_purge[i];
    runs_in_purge[i] = NULL;
    if (run != NULL)
      run_give(run);
  }
}

/* ---- Validation. ---- */

static _Noreturn void invalid(const char *what) {
  warn("invariant broken: ", what, NULL);
  die();
}

void slices_validate(void) {
  lock_take(&slice_lock);
  size_t in_use = 0, dirty = 0;
  for (size_t slice = 0; slice < space_slice_limit;) {
    struct span *span = space_table[slice];
    if (span == &no_span || span->first_slice != slice || span->slices == 0)
      invalid("a slice belongs to no span");
    if (span->kind == FH_SPAN_FREE) {
      if ((uint32_t)space_dirty_slices(slice, span->slices) != span->dirty_slices)
        invalid("a free run's dirty slices");
      dirty += run_is_in_purge(span) ? 0 : span->dirty_slices;
    } else {
      in_use += span->slices;
    }
    slice += span->slices;
  }
  if (in_use != accounts.slices_in_use || dirty << SLICE_SHIFT != accounts.free_slice_bytes)
    invalid("slices in use and free don't add up to the accounts");
  lock_drop(&slice_lock);
}
