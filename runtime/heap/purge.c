#include "heap/purge.h"
#include "base/options.h"
#include "heap/accounts.h"
#include "heap/heap.h"
#include "heap/slices.h"
#include "heap/start.h"
#include "space/kernel.h"

#include <limits.h>
#include <string.h>

/* Less dirty memory than this is not worth a thread: no program is judged by it. */
#define DIRTY_BYTES_MIN (4 * MIB)
/* What a long-lived program keeps for its next allocations, however idle. */
#define KEEP_BYTES (1 * MIB)
/* However young: dirty free memory beyond this share of what is in use goes back at once. A heap that is turned over
 * many times in purge_delay would otherwise hold what no longer fits any request until that time is over. */
#define DIRTY_SHARE     64
#define DIRTY_SHARE_MIN (8 * MIB)
/* But no faster than this: a program that turns over large blocks would do nothing but fault them in again. */
#define EARLY_BYTES_PER_SECOND (256 * MIB)
#define EARLY_BYTES_MOST       (16 * MIB)
/* Runs that a thread of the program gives back for the purge thread. */
#define RUNS_IN_PASSING 2
/* The thread's shortest pause. */
#define PAUSE_MIN_NANOSECONDS (20 * MILLISECOND)
/* Slots freed since the last walk that make another worth it: a share of the heap, at least this. */
#define WALK_BYTES_MIN (1 * MIB)
#define WALK_SHARE     64
/* Slices looked at in one hold of the slice lock. */
#define WALK_BATCH 128
/* Pages in a slice that the purge keeps track of; with pages larger than 4 KiB there are fewer. */
#define PAGES_MAX   16u
#define MILLISECOND 1000000u
/* Rounds without anything to do before the thread ends. */
#define IDLE_ROUNDS 4

static uint32_t thread_runs;      /* atomic; set under the slice lock */
static uint32_t thread_alive;     /* atomic; cleared by the kernel when the thread has left its stack */
static bool thread_refused;       /* slice lock: the system gave no thread; purge in passing from then on */
static uint32_t thread_calls;     /* atomic: the futex the thread sleeps on; counts what should wake it early */
static uint64_t freed_slot_bytes; /* atomic: since the last walk */
static bool called_early;         /* slice lock: one call is enough until the thread has come by */
static uint64_t next_in_passing;  /* slice lock */
static uint8_t thread_stack[32 * 1024] __attribute__((aligned(64)));

/* One span is borrowed at a time. Only ever tried, so it has no rank. */
static struct lock borrow_lock;

/* Whoever looks after several programs says so from outside when memory is short (record/accounts.h). */
static bool is_pressed(void) {
  return __atomic_load_n(&accounts.root->pressure, __ATOMIC_RELAXED) != 0;
}

static uint64_t delay_nanoseconds(void) {
  return is_pressed() ? 0 : options.purge_delay * MILLISECOND;
}

/* ---- Pages inside spans. ---- */

/* Bit i: no live slot touches page i of the span's slice. */
static unsigned free_pages(struct span *span) {
  size_t page_shift = (size_t)__builtin_ctzl(space.page_bytes);
  if (page_shift >= SLICE_SHIFT || (SLICE_BYTES >> page_shift) > PAGES_MAX)
    return 0;
  unsigned busy = 0;
  uint64_t *free_bits = span_free_bits(span);
  uint64_t *remote_bits = span_remote_bits(span);
  for (unsigned number = 0; number < span->words; number++) {
    uint64_t live = ~(__atomic_load_n(&free_bits[number], __ATOMIC_RELAXED) |
                      __atomic_load_n(&remote_bits[number], __ATOMIC_ACQUIRE));
    for (; live != 0; live &= live - 1) {
      unsigned index = number * 64 + (unsigned)__builtin_ctzll(live);
      if (index >= span->capacity)
        break;
      size_t from = index * span->object_bytes;
      for (size_t page = from >> page_shift; page <= (from + span->object_bytes - 1) >> page_shift; page++)
        busy |= 1u << page;
    }
  }
  /* What lies behind the last slot was never touched. */
  unsigned pages = (unsigned)divide_up(span->capacity * span->object_bytes, space.page_bytes);
  unsigned all = (unsigned)(((uint64_t)1 << pages) - 1);
  return all & ~busy;
}

/* Gives back the whole pages of borrowed slots of a long span. */
static size_t purge_slots(struct span *span, uint64_t slots) {
  size_t given = 0;
  for (; slots != 0; slots &= slots - 1) {
    uintptr_t slot = span->start + (unsigned)__builtin_ctzll(slots) * span->object_bytes;
    uintptr_t from = align_up(slot, space.page_bytes);
    uintptr_t to = align_down(slot + span->object_bytes, space.page_bytes);
    if (to > from && kernel.purge(from, to - from) == 0)
      given += to - from;
  }
  return given;
}

/* Gives back the pages of `pages`, run by run. The span is borrowed: nobody allocates from it. */
static size_t purge_pages(struct span *span, unsigned pages) {
  size_t given = 0;
  while (pages != 0) {
    unsigned first = (unsigned)__builtin_ctz(pages);
    unsigned count = (unsigned)__builtin_ctz(~(pages >> first));
    unsigned run = ((1u << count) - 1) << first;
    if (kernel.purge(span->start + first * space.page_bytes, count * space.page_bytes) != 0)
      break;
    span->purged |= (uint16_t)run;
    given += count * space.page_bytes;
    pages &= ~run;
  }
  return given;
}

/* What a walk does with one span. Under the slice lock; drops it when the span has pages to give. Returns bytes. */
static size_t visit(struct span *span, bool at_once) {
  unsigned live = span_live(span);
  bool stood_still = live == span->walk_live || at_once;
  bool kept = __atomic_load_n(&span->cached, __ATOMIC_RELAXED) != 0; /* by a thread that may be about to use it */
  if ((stood_still || !kept) && heap_release_if_empty_locked(span))
    return 0; /* its slice is free now and waits its time like any other */
  span->walk_live = (uint16_t)live;
  if (!stood_still || live == span->capacity || span->capacity - live < space.page_bytes / span->object_bytes)
    return 0;
  uint64_t slots;
  bool is_long = span_is_long(span);
  if (!is_long && (free_pages(span) & ~(unsigned)span->purged) == 0)
    return 0;
  if (!lock_try(&borrow_lock))
    return 0; /* malloc_trim and the thread at once: the other one is at it */
  if (!heap_borrow_locked(span, &slots)) {
    lock_drop(&borrow_lock);
    return 0;
  }
  lock_drop(&slice_lock);
  /* Pages are looked for again now that no slot can be taken: frees that came since only add to them. */
  size_t given = is_long ? purge_slots(span, slots) : purge_pages(span, free_pages(span) & ~(unsigned)span->purged);
  heap_return(span, slots);
  lock_drop(&borrow_lock);
  lock_take(&slice_lock);
  accounts.root->purged_bytes += given;
  accounts.root->purge_calls++;
  return given;
}

/* Goes by every small span. Returns the bytes given back; *again is set when a span may stand still next time. */
static size_t walk_spans(bool at_once) {
  size_t given = 0;
  lock_take(&slice_lock);
  for (size_t slice = 0; slice < space_slice_limit;) {
    for (unsigned i = 0; i < WALK_BATCH && slice < space_slice_limit; i++) {
      struct span *span = space_table[slice];
      size_t length = span->kind == FH_SPAN_NONE || span->first_slice != slice ? 1 : span->slices;
      if (span->kind == FH_SPAN_SMALL && (span_state(span) != SPAN_CURRENT || span_is_long(span)))
        given += visit(span, at_once);
      slice += length;
    }
    lock_drop(&slice_lock);
    lock_take(&slice_lock);
  }
  lock_drop(&slice_lock);
  return given;
}

static bool walk_is_due(void) {
  uint64_t worth = accounts.root->heap_bytes / WALK_SHARE;
  if (worth < WALK_BYTES_MIN)
    worth = WALK_BYTES_MIN;
  return __atomic_load_n(&freed_slot_bytes, __ATOMIC_RELAXED) >= worth;
}

/* ---- The thread. ---- */

/* How much dirty free memory may wait its time. Under the slice lock, or as a guess. */
static uint64_t dirty_allowed(void) {
  if (space.claimed || is_pressed())
    return KEEP_BYTES; /* the program's stacks and files need the addresses, or other programs the memory */
  uint64_t share = (accounts.slices_in_use << SLICE_SHIFT) / DIRTY_SHARE;
  /* What will be wanted until the next collection. */
  int64_t wanted = COLLECTED ? __atomic_load_n(&collected.allowance, __ATOMIC_RELAXED) : 0;
  if (wanted != INT64_MAX && wanted > 0 && share < (uint64_t)wanted)
    share = (uint64_t)wanted;
  return share > DIRTY_SHARE_MIN ? share : DIRTY_SHARE_MIN;
}

/* What may be given back early: time adds to it. Below 0 after a run larger than it. Slice lock. */
static int64_t allowance;

static void update_allowance_locked(void) {
  static uint64_t last;
  uint64_t now = kernel_now_coarse();
  if (last != 0)
    allowance += (int64_t)((now - last) / MILLISECOND * (EARLY_BYTES_PER_SECOND / 1000));
  if (allowance > (int64_t)EARLY_BYTES_MOST)
    allowance = EARLY_BYTES_MOST;
  last = now;
}

static size_t purge_excess(unsigned runs_most) {
  lock_take(&slice_lock);
  update_allowance_locked();
  uint64_t dirty = accounts.free_slice_bytes, keep = dirty_allowed();
  uint64_t excess = dirty > keep ? dirty - keep : 0;
  bool allowed = allowance > 0;
  if (allowed && !space.claimed && excess > (uint64_t)allowance)
    keep = dirty - (uint64_t)allowance;
  lock_drop(&slice_lock);
  if (excess == 0 || !(allowed || space.claimed))
    return 0;
  size_t given = slices_purge(UINT64_MAX, keep, runs_most);
  lock_take(&slice_lock);
  allowance -= (int64_t)given;
  lock_drop(&slice_lock);
  return given;
}

static size_t purge_old_and_excess(void) {
  uint64_t now = kernel_now_coarse();
  uint64_t deadline = now > delay_nanoseconds() ? now - delay_nanoseconds() : 0;
  size_t given = purge_excess(UINT_MAX) + slices_purge(deadline, KEEP_BYTES, UINT_MAX);
  lock_take(&slice_lock);
  called_early = false;
  lock_drop(&slice_lock);
  return given;
}

static void purge_thread(void) {
  unsigned idle = 0, walks_left = 0;
  uint64_t next_walk = 0;
  for (;;) {
    uint32_t calls = __atomic_load_n(&thread_calls, __ATOMIC_ACQUIRE);
    uint64_t pause = delay_nanoseconds() / 2;
    if (pause < PAUSE_MIN_NANOSECONDS)
      pause = PAUSE_MIN_NANOSECONDS;
    kernel_wait(&thread_calls, calls, pause);
    bool worked = purge_old_and_excess() != 0;
    uint64_t now = kernel_now_coarse();
    if (now < next_walk) {
      uint32_t nobody = 0; /* woken early: not again before a pause that bounds what this costs */
      kernel_wait(&nobody, 0, PAUSE_MIN_NANOSECONDS);
      continue;
    }
    next_walk = now + pause;
    if (walk_is_due()) {
      __atomic_store_n(&freed_slot_bytes, 0, __ATOMIC_RELAXED);
      walks_left = 2; /* the first notes how full the spans are, the second finds those that stood still */
    }
    if (walks_left != 0) {
      walks_left--;
      walk_spans(false);
      worked = true;
    }
    idle = worked ? 0 : idle + 1;
    if (idle < IDLE_ROUNDS)
      continue;
    lock_take(&slice_lock);
    bool more = accounts.free_slice_bytes >= DIRTY_BYTES_MIN || walk_is_due();
    if (!more)
      __atomic_store_n(&thread_runs, 0, __ATOMIC_RELEASE);
    lock_drop(&slice_lock);
    if (!more)
      return;
  }
}

/* Under the slice lock. Not by a thread of the library's own: to start one takes thread-local storage. */
static void start_thread(void) {
  if (__atomic_load_n(&thread_runs, __ATOMIC_RELAXED) != 0 || thread_refused ||
      __atomic_load_n(&thread_alive, __ATOMIC_ACQUIRE) != 0 ||
      (COLLECTED && kernel_is_own_thread((int)kernel_thread_id())))
    return;
  __atomic_store_n(&thread_runs, 1, __ATOMIC_RELAXED);
  if (!options.purge_thread ||
      kernel.start_thread(purge_thread, thread_stack, sizeof thread_stack, &thread_alive) != 0) {
    __atomic_store_n(&thread_runs, 0, __ATOMIC_RELAXED);
    thread_refused = true;
  }
}

/* Without a thread: whoever gives slices back does what is due, from time to time. Under the slice lock. */
static void purge_in_passing(void) {
  uint64_t now = kernel_now_coarse();
  if (now < next_in_passing && !space.claimed)
    return;
  next_in_passing = now + delay_nanoseconds() / 2;
  uint64_t deadline = now > delay_nanoseconds() ? now - delay_nanoseconds() : 0;
  lock_drop(&slice_lock);
  purge_excess(UINT_MAX);
  slices_purge(deadline, KEEP_BYTES, UINT_MAX);
  lock_take(&slice_lock);
}

void purge_wanted_locked(void) {
  if (accounts.free_slice_bytes < DIRTY_BYTES_MIN)
    return;
  if (space.claimed) {
    purge_in_passing();
    return;
  }
  if (__atomic_load_n(&thread_runs, __ATOMIC_RELAXED) != 0) {
    if (accounts.free_slice_bytes > dirty_allowed() && !called_early) {
      called_early = true;
      __atomic_fetch_add(&thread_calls, 1, __ATOMIC_RELEASE);
      kernel_wake(&thread_calls);
    } else if (accounts.free_slice_bytes > dirty_allowed() + dirty_allowed() / 4) {
      /* The thread doesn't keep up (it may not get a processor): whoever frees so much lends a hand. */
      lock_drop(&slice_lock);
      purge_excess(RUNS_IN_PASSING);
      lock_take(&slice_lock);
    }
    return;
  }
  if (!thread_refused)
    start_thread();
  if (thread_refused)
    purge_in_passing();
}

void purge_slots_freed(uint64_t bytes) {
  uint64_t before = __atomic_fetch_add(&freed_slot_bytes, bytes, __ATOMIC_RELAXED);
  if (before / WALK_BYTES_MIN == (before + bytes) / WALK_BYTES_MIN ||
      __atomic_load_n(&thread_runs, __ATOMIC_RELAXED) != 0)
    return;
  lock_take(&slice_lock);
  if (walk_is_due())
    start_thread();
  lock_drop(&slice_lock);
}

void purge_for_growth(size_t bytes) {
  lock_take(&slice_lock);
  uint64_t dirty = accounts.free_slice_bytes;
  lock_drop(&slice_lock);
  if (dirty >= DIRTY_BYTES_MIN)
    slices_purge(UINT64_MAX, dirty > bytes ? dirty - bytes : 0, UINT_MAX);
}

size_t purge_spans(void) {
  return walk_spans(true);
}

size_t purge_everything(size_t keep_bytes) {
  if (!heap_started())
    return 0;
  size_t given = purge_spans();
  return given + slices_purge(UINT64_MAX, keep_bytes, UINT_MAX);
}

void purge_after_fork_in_child(void) {
  thread_runs = thread_alive = 0;
  called_early = false;
  lock_reset(&borrow_lock);
}
