#include "collect/background.h"
#include "base/options.h"
#include "base/print.h"
#include "collect/kinds.h"
#include "collect/mark.h"
#include "reach/sequence.h"
#include "space/kernel.h"
#include "space/space.h"
#include "space/written_pages.h"

#include <errno.h>

#define STACK_BYTES (64 * KIB)
/* Written pages are looked at while the program runs until they are so few, or don't get fewer, or so many times. */
#define PAGES_FEW  256u
#define LOOKS_MOST 3u
/* Looked at in one piece, between two looks whether to halt; and what is taken along rather than left out. */
#define STRETCH_SLICES (64 * MIB / SLICE_BYTES)
#define GAP_SLICES     16u
#define RANGES_MOST    64u
/* So often a note of writes that was lost is begun again. */
#define LOSSES_MOST 3u

#define ORDER_BITS 3

static struct {
  uint32_t calls;   /* atomic, a futex: something has changed for the thread */
  uint32_t order;   /* atomic: enum background_order, and above ORDER_BITS its number; 0 once it is done */
  uint32_t halt;    /* atomic, a futex: the thread is to rest */
  uint32_t at_rest; /* atomic, a futex: the thread touches nothing */
  uint32_t alive;   /* set by the kernel */
  bool started, refused;
  uint32_t numbered; /* orders so far */
  uint32_t current;  /* the thread's: what it works on */
  bool succeeded;    /* by the thread, before order */
  bool lost;         /* the note of writes; atomic */
} background = {.at_rest = 1};

/* ---- In the thread ---- */

static void rest(void) {
  __atomic_store_n(&background.at_rest, 1, __ATOMIC_SEQ_CST);
  kernel_wake_all(&background.at_rest);
}

/* False when the order was withdrawn. */
static bool may_go_on(void) {
  while (UNLIKELY(__atomic_load_n(&background.halt, __ATOMIC_SEQ_CST) != 0)) {
    rest();
    uint32_t halt;
    while ((halt = __atomic_load_n(&background.halt, __ATOMIC_ACQUIRE)) != 0)
      kernel_wait(&background.halt, halt, 0);
    __atomic_store_n(&background.at_rest, 0, __ATOMIC_SEQ_CST);
  }
  return __atomic_load_n(&background.order, __ATOMIC_ACQUIRE) == background.current;
}

/* Holds objects whose words are looked at. */
static bool is_looked_at(size_t slice) {
  const struct span *span = __atomic_load_n(&space_table[slice], __ATOMIC_ACQUIRE);
  uint8_t kind = __atomic_load_n(&span->kind, __ATOMIC_ACQUIRE);
  const struct kind_rule *rule = &kind_rules[span->collect_kind];
  return (kind == FH_SPAN_SMALL || kind == FH_SPAN_LARGE) &&
         (rule->descriptor != 0 || rule->add_size || rule->last_word);
}

/* The next stretch of such slices from *slice on, with what is shorter than a gap between; *slice moves behind it. No write to
 * other slices is noted: they count as written when they come to hold such objects, and new objects there cost no fault. */
static bool next_stretch(size_t *slice, uintptr_t *start, uintptr_t *end) {
  size_t limit = __atomic_load_n(&space_slice_limit, __ATOMIC_ACQUIRE), at = *slice;
  while (at < limit && !is_looked_at(at))
    at++;
  if (at >= limit)
    return false;
  size_t first = at, last = at;
  while (++at < limit && at - last <= GAP_SLICES && at - first < STRETCH_SLICES)
    if (is_looked_at(at))
      last = at;
  *slice = last + 1;
  *start = slice_address(first);
  *end = slice_address(last + 1);
  return true;
}

/* The program has closed all descriptors, say. */
static bool lose_note(void) {
  __atomic_store_n(&background.lost, true, __ATOMIC_RELAXED);
  return false;
}

/* Every page that is there now; what comes later counts as written until it is looked at. */
static bool note_writes(void) {
  uintptr_t start, end;
  for (size_t slice = 0; next_stretch(&slice, &start, &end);) {
    if (!may_go_on())
      return false;
    if (written_pages_clear(start, end) != 0)
      return lose_note();
  }
  return true;
}

/* A page that was told is looked at before the thread may rest: nobody would tell it again. */
static bool look_at_stretch(bool beside, uintptr_t at, uintptr_t end, size_t *pages) {
  static struct page_range ranges[RANGES_MOST];
  while (at < end) {
    if (beside && !may_go_on())
      return false;
    long count = written_pages_next(&at, end, beside, ranges, RANGES_MOST);
    if (count < 0)
      return lose_note();
    for (long i = 0; i < count; i++) {
      *pages += (ranges[i].end - ranges[i].start) / space.page_bytes;
      mark_again(ranges[i].start, ranges[i].end);
    }
  }
  return true;
}

static bool look_at_written(bool beside, size_t *pages) {
  uintptr_t start, end;
  *pages = 0;
  for (size_t slice = 0; next_stretch(&slice, &start, &end);)
    if (!look_at_stretch(beside, start, end, pages))
      return false;
  return true;
}

static bool mark_all(void) {
  while (!mark_beside())
    if (!may_go_on())
      return false;
  return may_go_on();
}

static bool mark(void) {
  size_t before = SIZE_MAX;
  for (unsigned looks = 0; looks < LOOKS_MOST; looks++) {
    size_t pages;
    if (!mark_all() || !look_at_written(true, &pages) || !mark_all())
      return false;
    if (pages <= PAGES_FEW || pages > before / 2)
      break;
    before = pages;
  }
  return true;
}

static bool carry_out(enum background_order order) {
  switch (order) {
  case BACKGROUND_CLEAR:
    return heap_sweep_all() && may_go_on() && note_writes();
  case BACKGROUND_MARK:
    return mark();
  case BACKGROUND_SWEEP:
    return heap_sweep_all();
  default:
    return true;
  }
}

static void run(void) {
  for (;;) {
    uint32_t calls = __atomic_load_n(&background.calls, __ATOMIC_ACQUIRE);
    background.current = __atomic_load_n(&background.order, __ATOMIC_ACQUIRE);
    if (background.current == BACKGROUND_NOTHING) {
      kernel_wait(&background.calls, calls, 0);
      continue;
    }
    __atomic_store_n(&background.at_rest, 0, __ATOMIC_SEQ_CST);
    if (may_go_on()) {
      bool whole = carry_out((enum background_order)(background.current & ((1u << ORDER_BITS) - 1)));
      if (may_go_on()) {
        background.succeeded = whole;
        __atomic_store_n(&background.order, BACKGROUND_NOTHING, __ATOMIC_RELEASE);
        __atomic_store_n(&collected.allowance, -1, __ATOMIC_RELAXED);
      }
    }
    rest();
  }
}

/* ---- In the program's threads ---- */

static bool have_thread(void) {
  if (background.started)
    return true;
  if (background.refused)
    return false;
  void *stack = sequence_piece(STACK_BYTES);
  background.started = stack != NULL && kernel.start_thread(run, stack, STACK_BYTES, &background.alive) == 0;
  background.refused = !background.started;
  if (background.refused && stack != NULL)
    sequence_piece_release(stack, STACK_BYTES);
  return background.started;
}

bool background_begin(enum background_order order) {
  if (!have_thread())
    return false;
  background.numbered++;
  __atomic_store_n(&background.order, background.numbered << ORDER_BITS | order, __ATOMIC_RELEASE);
  __atomic_fetch_add(&background.calls, 1, __ATOMIC_RELEASE);
  kernel_wake(&background.calls);
  return true;
}

bool background_is_busy(void) {
  return __atomic_load_n(&background.order, __ATOMIC_ACQUIRE) != BACKGROUND_NOTHING;
}

bool background_succeeded(void) {
  return background.succeeded;
}

bool background_is_marking(void) {
  return (__atomic_load_n(&background.order, __ATOMIC_ACQUIRE) & ((1u << ORDER_BITS) - 1)) == BACKGROUND_MARK;
}

const uint32_t *background_halt(void) {
  return &background.halt;
}

void background_hold(void) {
  __atomic_store_n(&background.halt, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&background.at_rest, __ATOMIC_SEQ_CST) == 0)
    kernel_wait(&background.at_rest, 0, 0);
}

void background_go_on(void) {
  __atomic_store_n(&background.halt, 0, __ATOMIC_SEQ_CST);
  kernel_wake_all(&background.halt);
}

void background_stop(void) {
  background_hold();
  __atomic_store_n(&background.order, BACKGROUND_NOTHING, __ATOMIC_RELEASE);
  background_go_on();
}

bool background_look_at_written(size_t *pages) {
  return look_at_written(false, pages);
}

/* ---- Whether it can be done ---- */

static const char *why_not(int failure) {
  switch (failure) {
  case -EPERM:
    return "userfaultfd is forbidden here";
  case -EBADF:
    return "the program closes descriptors that it didn't open";
  case -EBUSY:
    return "somebody else's userfaultfd watches the heap";
  case -EMFILE:
  case -ENFILE:
    return "there are too many open files";
  default:
    return "the kernel can't note writes (Linux 6.7 can)";
  }
}

bool background_can_note_writes(bool aloud) {
  static bool said;
  static unsigned losses;
  static int failure;
  if (background.lost) {
    if (options.verbose)
      warn("the note of writes was lost: the program has closed a descriptor that it didn't open", NULL);
    written_pages_end();
    background.lost = false;
    failure = ++losses > LOSSES_MOST ? -EBADF : 0;
  }
  if (written_pages_started())
    return true;
  const char *reason = NULL;
  if (space.claimed) {
    reason = "addresses are limited (ulimit -v)";
  } else if (failure == 0) {
    failure = written_pages_start(space_base, space.slice_capacity << SLICE_SHIFT);
    if (failure == 0) {
      options.move_pages = false; /* pages that move are not noted any more */
      return true;
    }
  }
  if (reason == NULL)
    reason = why_not(failure);
  if (aloud && !said)
    warn("collecting stops the program while marking: ", reason, NULL);
  said = true;
  return false;
}

void background_after_fork_in_child(void) {
  background.started = false;
  background.alive = 0;
  background.order = BACKGROUND_NOTHING;
  background.halt = 0;
  background.at_rest = 1;
  written_pages_end();
}
