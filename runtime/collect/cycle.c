#include "collect/cycle.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/print.h"
#include "collect/background.h"
#include "collect/mark.h"
#include "collect/roots.h"
#include "collect/validate.h"
#include "heap/accounts.h"
#include "heap/purge.h"
#include "heap/slices.h"
#include "heap/thread.h"
#include "reach/reach.h"
#include "space/kernel.h"

#include <pthread.h>
#include <sched.h>

/* After a cycle that could not stop all threads: the next try. */
#define ALLOWANCE_AFTER_FAILURE (1 * MIB)
/* So much handed out since the roots were looked at: once more, before the pause that ends the marking has to follow what
 * only they reach. */
#define ROOTS_AGAIN_BYTES (16 * MIB)
#define ROOTS_AGAIN_MOST  1u
/* Beyond half of the budget, and this. */
#define OUTRUN_LEAST (16 * MIB)
/* A thread that is ahead of the marking marks about so many objects each time. */
#define ASSIST_OBJECTS 4000u
#define ASSIST_LEAST   (4 * KIB)

struct collect_hooks collect_hooks;

static struct lock cycle_lock;
static uintptr_t collecting; /* thread pointer of the one that does; atomic */
static uint32_t disabled;    /* atomic */

/* Cycle lock. */
static struct {
  uint64_t cycles, handed_out_before;
  struct mark_totals marked;
  uint64_t pause, pause_most, pause_total, mark_time;
  uint64_t swept_objects_before, swept_bytes_before;
  bool unswept;
  bool stopped;       /* the world was, in the last one */
  const char *reason; /* the current or last one began */
  unsigned markers;   /* it had */
} figures;

/* Of a cycle that marks beside the program. Cycle lock. */
static struct {
  enum collect_state state;
  bool wanted;                /* by the options, or by the program */
  bool marks_left;            /* by a cycle that was given up */
  bool held;                  /* during a fork */
  uint64_t budget;            /* bytes that may be handed out between the ends of two cycles */
  uint64_t begin, end;        /* handed_out when the next cycle is to begin, and to end */
  uint64_t began_at;          /* handed_out when it did */
  uint64_t handed_out_beside; /* between the begin and the end of the last cycle */
  uint64_t roots_at;          /* handed_out when the roots were looked at */
  unsigned roots_looks;
  uint64_t pauses, pause_first; /* of this cycle, before the last one; their longest */
  uint64_t began, lasted;       /* kernel_now; nanoseconds */
  size_t pages;                 /* looked at in the last pause */
} beside;

static bool cycle_enter(void) {
  if (__atomic_load_n(&collecting, __ATOMIC_RELAXED) == thread_pointer())
    return false; /* a hook or a procedure allocates */
  lock_take(&cycle_lock);
  __atomic_store_n(&collecting, thread_pointer(), __ATOMIC_RELAXED);
  return true;
}

static void cycle_leave(void) {
  __atomic_store_n(&collecting, 0, __ATOMIC_RELAXED);
  lock_drop(&cycle_lock);
}

static void set_allowance(int64_t bytes) {
  __atomic_store_n(&collected.allowance, bytes, __ATOMIC_RELAXED);
  figures.handed_out_before = __atomic_load_n(&collected.handed_out, __ATOMIC_RELAXED);
}

void cycle_set_allowance(size_t bytes) {
  set_allowance((int64_t)(bytes > options.collect_every ? bytes : options.collect_every));
}

static uint64_t handed_out_now(void) {
  return __atomic_load_n(&collected.handed_out, __ATOMIC_RELAXED);
}

static bool marks_beside(void) {
  return beside.wanted && background_can_note_writes(options.collect == COLLECT_CONCURRENT || options.verbose);
}

/* What is left of the budget, but something. */
static void allow_the_rest(void) {
  uint64_t now = handed_out_now();
  int64_t left = beside.end > now ? (int64_t)(beside.end - now) : 0;
  __atomic_store_n(&collected.allowance, left > (int64_t)ASSIST_LEAST ? left : (int64_t)ASSIST_LEAST,
                   __ATOMIC_RELAXED);
}

/* A cycle begins so early that what the program takes meanwhile still is in the budget, if it takes half as much again as
 * the last time. */
static void plan_beside(uint64_t budget) {
  uint64_t lead = beside.handed_out_beside + beside.handed_out_beside / 2;
  if (lead < budget / 8)
    lead = budget / 8;
  if (lead > budget / 4 * 3 || beside.handed_out_beside == 0)
    lead = beside.handed_out_beside == 0 ? budget / 2 : budget / 4 * 3;
  set_allowance((int64_t)(budget - lead));
  beside.budget = budget;
  beside.begin = figures.handed_out_before + budget - lead;
  beside.end = figures.handed_out_before + budget;
}

/* What may be handed out until the next cycle: a share of what marking would cost then, and what pays for the costs that
 * every cycle has. */
static void plan_next(void) {
  unsigned divisor = collect_settings.space_divisor != 0 ? collect_settings.space_divisor : 1;
  uint64_t scanned = figures.marked.scanned_bytes, atomic = figures.marked.bytes - scanned;
  scanned -= figures.marked.absent_bytes < scanned ? figures.marked.absent_bytes : scanned;
  /* What died while a cycle marked beside the program still has its mark: about as much as came meanwhile. */
  uint64_t dead = beside.pauses != 0 ? beside.handed_out_beside : 0;
  scanned -= dead < scanned / 2 ? dead : scanned / 2;
  uint64_t share = (5 * scanned / 2 + atomic / 2) / divisor;
  uint64_t least = options.collect_every;
  uint64_t bytes = least + share;
  uint64_t held = figures.marked.bytes;
  if (collect_settings.heap_initial > held && bytes < collect_settings.heap_initial - held)
    bytes = collect_settings.heap_initial - held;
  if (marks_beside())
    plan_beside(bytes);
  else
    set_allowance((int64_t)bytes);
}

/* Below so many marked objects one marker is done before the others are awake. */
#define SHARED_OBJECTS_LEAST 500000u
/* Every so many cycles the other way is tried again. */
#define TRIAL_CYCLES 16u

/* Nanoseconds for 1024 objects, by one marker and by all; 0: not known. Cycle lock. */
static uint64_t cost_alone, cost_shared;

static unsigned markers_most(void) {
  static unsigned processors;
  if (processors == 0) {
    cpu_set_t set;
    processors = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
  }
  unsigned most = options.markers != 0 ? (unsigned)options.markers : collect_settings.markers;
  if (most == 0)
    most = processors;
  return most < MARKERS_MOST ? most : MARKERS_MOST;
}

/* How many markers this cycle has: all of them only where that was seen to be faster. Processors may be busy with other
 * work, or share a cache that one marker fills. */
static unsigned choose_markers(void) {
  unsigned most = markers_most();
  if (options.markers != 0 || most == 1)
    return most;
  if (figures.marked.objects < SHARED_OBJECTS_LEAST)
    return 1;
  bool shared = cost_shared == 0 || (cost_alone != 0 && cost_shared < cost_alone);
  if (figures.cycles % TRIAL_CYCLES == 0 || cost_alone == 0)
    shared = !shared;
  return shared ? most : 1;
}

static void note_cost(unsigned markers, uint64_t nanoseconds) {
  struct mark_totals marked = mark_totals();
  if (marked.objects >= SHARED_OBJECTS_LEAST)
    *(markers > 1 ? &cost_shared : &cost_alone) = nanoseconds * 1024 / marked.objects;
}

static void sweep_rest(void) {
  if (figures.unswept)
    figures.unswept = !heap_sweep_all();
}

static void note_pause(uint64_t began) {
  figures.pause = kernel_now() - began;
  figures.pause_total += figures.pause;
  if (figures.pause > figures.pause_most)
    figures.pause_most = figures.pause;
}

/* While the world stands still: no mark is set, nothing is pending. */
static void begin_anew(void) {
  if (beside.marks_left)
    heap_clear_marks();
  beside.marks_left = false;
  mark_begin();
}

/* While the world stands still: what was marked beside the program becomes right again by the pages written meanwhile. */
static void end_beside(void) {
  mark_beside_end();
  if (!background_succeeded() || !background_look_at_written(&beside.pages)) {
    mark_abandon();
    beside.marks_left = true;
    begin_anew();
    beside.pages = 0;
  }
  collected.marking = false;
}

static bool look_at_roots(const ucontext_t *here) {
  bool done = roots_mark(here);
  if (done && collect_hooks.more_roots != NULL)
    collect_hooks.more_roots();
  return done;
}

/* The world stands still in here. False when it could not be stopped, or its roots not be found: nothing has changed. With
 * `begun` some is marked already, beside the program. */
static NOINLINE bool stop_and_mark(bool begun) {
  ucontext_t here;
  reach_context(&here);
  heap_lock_all();
  uint64_t began = kernel_now();
  bool stopped = figures.stopped = reach_stop_world();
  bool done = false;
  if (stopped) {
    if (begun)
      end_beside();
    else
      begin_anew();
    done = look_at_roots(&here);
    unsigned markers = figures.markers = choose_markers();
    uint64_t marking = kernel_now();
    mark_finish(markers);
    if (!begun)
      note_cost(markers, kernel_now() - marking);
    struct mark_totals marked = mark_totals();
    if (begun && done && options.collect_validate)
      validate_marks(&here, collect_hooks.more_roots);
    if (done && collect_hooks.marked != NULL)
      collect_hooks.marked();
    figures.mark_time = kernel_now() - began;
    if (done) {
      figures.marked = marked;
      collected.cycle++;
      beside.marks_left = false;
      heap_sweep_current(thread_heap, thread_atomic_heap);
      figures.cycles++;
    } else {
      heap_clear_marks();
    }
    mark_end();
    reach_resume_world();
  }
  heap_unlock_all();
  note_pause(began);
  return done;
}

/* The world stands still in here, to find the roots that marking beside it begins with; `first`: of this cycle. False as
 * above. */
static NOINLINE bool stop_for_roots(bool first) {
  ucontext_t here;
  reach_context(&here);
  heap_lock_all();
  uint64_t began = kernel_now();
  bool done = false;
  if (reach_stop_world()) {
    if (first) {
      begin_anew();
      collected.marking = beside.marks_left = true;
      mark_beside_begin(background_halt());
    }
    done = look_at_roots(&here);
    beside.roots_at = handed_out_now();
    reach_resume_world();
  }
  heap_unlock_all();
  note_pause(began);
  beside.pauses++;
  if (figures.pause > beside.pause_first)
    beside.pause_first = figures.pause;
  return done;
}

/* One line for a cycle: its number, why it began, how long the program stood still, what was live before and after. */
static void say(bool done) {
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: collection ");
  text_add_decimal(&line, figures.cycles + !done);
  text_add(&line, " (");
  text_add(&line, figures.reason);
  text_add(&line, done ? "): pause " : "): given up after ");
  text_add_decimal(&line, figures.pause / 1000);
  text_add(&line, " us");
  if (done && beside.pauses != 0) {
    text_add(&line, " after ");
    text_add_decimal(&line, beside.pauses);
    text_add(&line, " of at most ");
    text_add_decimal(&line, beside.pause_first / 1000);
    text_add(&line, " us, beside the program in ");
    text_add_decimal(&line, beside.lasted / 1000000);
    text_add(&line, " ms, pages looked at again ");
    text_add_decimal(&line, beside.pages);
  }
  if (done) {
    uint64_t reclaimed = __atomic_load_n(&collected.swept_bytes, __ATOMIC_RELAXED) - figures.swept_bytes_before;
    text_add(&line, ", live ");
    text_add_decimal(&line, (figures.marked.bytes + reclaimed) >> 10);
    text_add(&line, " -> ");
    text_add_decimal(&line, figures.marked.bytes >> 10);
    text_add(&line, " KiB, reclaimed ");
    text_add_decimal(&line, reclaimed >> 10);
    text_add(&line, " KiB, heap ");
    text_add_decimal(&line, accounts.root->heap_bytes >> 10);
    text_add(&line, " KiB, ");
    text_add_decimal(&line, figures.markers);
    text_add(&line, figures.markers == 1 ? " mark thread" : " mark threads");
  } else {
    text_add(&line, figures.stopped ? ": the kernel holds pointers that nobody can see, or there was no memory"
                                    : ": not all threads could be stopped");
  }
  text_add(&line, "\n");
  text_write(&line, 2);
}

static void note_swept_before(void) {
  figures.swept_objects_before = __atomic_load_n(&collected.swept_objects, __ATOMIC_RELAXED);
  figures.swept_bytes_before = __atomic_load_n(&collected.swept_bytes, __ATOMIC_RELAXED);
}

static void note_failure(void) {
  set_allowance(ALLOWANCE_AFTER_FAILURE);
  if (options.verbose || options.gc_log)
    say(false);
}

/* The cycle that marks beside the program is no use any more: its marks are taken away in the next pause. */
static void give_up_beside(void) {
  background_stop();
  if (beside.state == COLLECT_MARKING) {
    mark_abandon();
    lock_take(&slice_lock);
    collected.marking = false;
    lock_drop(&slice_lock);
    figures.unswept = true; /* spans were held back */
  }
  beside.state = COLLECT_IDLE;
}

/* Under the cycle lock: a whole cycle, with the program stopped. */
static bool run_cycle(const char *reason) {
  figures.reason = reason;
  if (beside.state != COLLECT_IDLE)
    give_up_beside();
  beside.pauses = 0;
  if (collect_hooks.began != NULL)
    collect_hooks.began();
  sweep_rest();
  if (figures.unswept) {
    figures.unswept = !heap_sweep_all();
    if (figures.unswept)
      return false;
  }
  note_swept_before();
  if (!stop_and_mark(false)) {
    note_failure();
    return false;
  }
  plan_next();
  if (collect_hooks.resumed != NULL)
    collect_hooks.resumed();
  figures.unswept = true;
  sweep_rest();
  if (options.verbose || options.gc_log)
    say(true);
  return true;
}

#define ALLOWANCE_USED_UP "allowance used up"

/* ---- Beside the program. All under the cycle lock. ---- */

static void begin_beside(void) {
  figures.reason = ALLOWANCE_USED_UP;
  beside.began_at = handed_out_now();
  if (beside.budget == 0) /* the first one */
    beside.budget = options.collect_every;
  if (beside.end < beside.began_at + beside.budget / 8)
    beside.end = beside.began_at + beside.budget / 2;
  beside.began = kernel_now();
  beside.pauses = beside.pause_first = 0;
  beside.roots_looks = 0;
  beside.state = COLLECT_CLEARING;
  allow_the_rest();
  if (!background_begin(BACKGROUND_CLEAR)) {
    beside.state = COLLECT_IDLE;
    beside.wanted = false; /* no thread to be had: as ever */
  }
}

/* All writes are noted now: the roots, and what they reach. */
static void begin_marking(void) {
  figures.unswept = false;
  note_swept_before();
  if (collect_hooks.began != NULL)
    collect_hooks.began();
  beside.state = COLLECT_MARKING;
  if (!stop_for_roots(true)) {
    give_up_beside();
    note_failure();
    return;
  }
  beside.roots_looks = 1;
  allow_the_rest();
  background_begin(BACKGROUND_MARK);
}

static bool roots_are_old(void) {
  return beside.roots_looks <= ROOTS_AGAIN_MOST && handed_out_now() - beside.roots_at > ROOTS_AGAIN_BYTES;
}

/* The program takes so much more than its budget that marking is to be finished in a pause, however long. */
static bool is_outrun(void) {
  uint64_t most = beside.budget / 2 > OUTRUN_LEAST ? beside.budget / 2 : OUTRUN_LEAST;
  return beside.state != COLLECT_SWEEPING && handed_out_now() > beside.began_at + beside.budget + most;
}

/* True when the cycle is done. */
static bool end_marking(void) {
  if (background_succeeded() && roots_are_old() && !is_outrun()) {
    beside.roots_looks++;
    if (stop_for_roots(false)) {
      allow_the_rest();
      background_begin(BACKGROUND_MARK);
      return false;
    }
  }
  if (!stop_and_mark(true)) {
    give_up_beside();
    note_failure();
    return false;
  }
  beside.lasted = kernel_now() - beside.began;
  beside.handed_out_beside = handed_out_now() - beside.began_at;
  plan_next();
  if (collect_hooks.resumed != NULL)
    collect_hooks.resumed();
  figures.unswept = true;
  beside.state = COLLECT_SWEEPING;
  background_begin(BACKGROUND_SWEEP);
  return true;
}

static void end_sweeping(void) {
  figures.unswept = !background_succeeded();
  beside.state = COLLECT_IDLE;
  if (options.verbose || options.gc_log)
    say(true);
  lock_take(&slice_lock);
  purge_wanted_locked(); /* who has swept could not start the thread for it */
  lock_drop(&slice_lock);
  uint64_t now = handed_out_now();
  __atomic_store_n(&collected.allowance, beside.begin > now ? (int64_t)(beside.begin - now) : 0, __ATOMIC_RELAXED);
}

/* The program is ahead of the thread. */
static void keep_pace(void) {
  uint64_t grant = ASSIST_LEAST + (beside.state == COLLECT_MARKING ? 0 : beside.budget / 16);
  if (beside.state == COLLECT_MARKING) {
    uint64_t marked = mark_assist(ASSIST_OBJECTS), live = figures.marked.bytes + 1;
    if (marked == 0) /* the thread has all of it, and maybe no processor */
      grant += beside.budget / 64;
    uint64_t share = marked * (beside.budget / 2 + 1) / live;
    grant += share < beside.budget / 4 ? share : beside.budget / 4;
  }
  beside.end = handed_out_now() + grant;
  allow_the_rest();
}

/* The allowance is used up: what is next? True when a cycle is done. */
static bool step(void) {
  if (beside.state != COLLECT_IDLE && background_is_busy()) {
    if (!is_outrun()) {
      keep_pace();
      return false;
    }
    if (beside.state == COLLECT_CLEARING)
      return run_cycle(ALLOWANCE_USED_UP);
    background_stop(); /* what it has pending is done in the pause */
  }
  switch (beside.state) {
  case COLLECT_CLEARING:
    if (!background_succeeded())
      return run_cycle(ALLOWANCE_USED_UP);
    begin_marking();
    return false;
  case COLLECT_MARKING:
    return end_marking();
  case COLLECT_SWEEPING:
    end_sweeping();
    return false;
  default:
    if (!marks_beside())
      return run_cycle(ALLOWANCE_USED_UP);
    begin_beside();
    return false;
  }
}

static bool collect_because(const char *reason) {
  if (!collect_start() || collect_is_disabled() || !cycle_enter())
    return false;
  bool done = run_cycle(reason);
  cycle_leave();
  if (done && collect_hooks.ended != NULL)
    collect_hooks.ended();
  return done;
}

bool collect_now(void) {
  return collect_because("asked for");
}

bool collect_at_end(void) {
  return collect_because("the program ends");
}

/* The heap wants memory: see heap/collected.h. */
static bool wanted(bool out_of_memory) {
  if (collect_is_disabled()) {
    set_allowance((int64_t)options.collect_every);
    return false;
  }
  if (!cycle_enter())
    return false;
  bool due =
      out_of_memory || __atomic_load_n(&collected.allowance, __ATOMIC_RELAXED) < 0; /* or another one just did */
  bool done = due && (out_of_memory ? run_cycle("out of memory") : step());
  cycle_leave();
  if (done && collect_hooks.ended != NULL)
    collect_hooks.ended();
  return done;
}

void collect_if_due(void) {
  if (__atomic_load_n(&collected.allowance, __ATOMIC_RELAXED) < 0)
    wanted(false);
}

bool collect_beside(void) {
  if (!collect_start() || options.collect < COLLECT_ASKED || !cycle_enter())
    return collect_is_beside();
  beside.wanted = true;
  beside.wanted = marks_beside();
  cycle_leave();
  return collect_is_beside();
}

bool collect_is_beside(void) {
  return beside.wanted && options.collect >= COLLECT_ASKED;
}

bool collect_a_little(bool begin) {
  if (!collect_start() || collect_is_disabled() || !cycle_enter())
    return false;
  bool due = __atomic_load_n(&collected.allowance, __ATOMIC_RELAXED) < 0;
  bool done = false;
  if (due || beside.state != COLLECT_IDLE || (begin && beside.wanted))
    done = step();
  bool more = beside.state == COLLECT_CLEARING || beside.state == COLLECT_MARKING;
  cycle_leave();
  if (done && collect_hooks.ended != NULL)
    collect_hooks.ended();
  return more;
}

void collect_disable(void) {
  __atomic_fetch_add(&disabled, 1, __ATOMIC_RELAXED);
}
void collect_enable(void) {
  uint32_t before = __atomic_load_n(&disabled, __ATOMIC_RELAXED);
  while (before != 0 &&
         !__atomic_compare_exchange_n(&disabled, &before, before - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}
bool collect_is_disabled(void) {
  return __atomic_load_n(&disabled, __ATOMIC_RELAXED) != 0;
}

void collect_finish_sweep(bool give_back) {
  if (cycle_enter()) {
    sweep_rest();
    cycle_leave();
  }
  if (give_back)
    purge_everything(0);
}

bool collect_lock(void) {
  return cycle_enter();
}

void collect_unlock(bool entered) {
  if (entered)
    cycle_leave();
}

void collect_accounts_read(struct collect_accounts *out) {
  uint64_t handed_out = __atomic_load_n(&collected.handed_out, __ATOMIC_RELAXED);
  *out = (struct collect_accounts){
      .cycles = figures.cycles,
      .heap_bytes = accounts.root->heap_bytes,
      .allocated_bytes = handed_out,
      .allocated_since_cycle = handed_out - figures.handed_out_before,
      .freed_bytes = __atomic_load_n(&collected.swept_bytes, __ATOMIC_RELAXED),
      .live_bytes_after = figures.marked.bytes,
      .reclaimed_bytes = __atomic_load_n(&collected.swept_bytes, __ATOMIC_RELAXED) - figures.swept_bytes_before,
      .reclaimed_objects = __atomic_load_n(&collected.swept_objects, __ATOMIC_RELAXED) - figures.swept_objects_before,
      .pause_nanoseconds = figures.pause,
      .pause_most = figures.pause_most,
      .pause_total = figures.pause_total,
      .mark_nanoseconds = figures.mark_time,
  };
  uint64_t held = out->live_bytes_after + out->allocated_since_cycle;
  out->free_bytes = out->heap_bytes > held ? out->heap_bytes - held : 0;
}

/* ---- Fork ---- */

/* What the thread has begun stays as it is meanwhile, so that the child can put it away. */
static void before_fork(void) {
  lock_take(&cycle_lock);
  beside.held = background_is_marking();
  if (beside.held)
    background_hold();
}
static void after_fork_in_parent(void) {
  if (beside.held)
    background_go_on();
  lock_drop(&cycle_lock);
}
/* The child has neither the thread nor its notes of writes: it begins anew. */
static void after_fork_in_child(void) {
  mark_after_fork_in_child();
  background_after_fork_in_child();
  if (beside.state != COLLECT_IDLE) {
    if (beside.state == COLLECT_MARKING)
      mark_abandon();
    collected.marking = false;
    figures.unswept = true;
    beside.state = COLLECT_IDLE;
    set_allowance((int64_t)options.collect_every);
  }
  lock_reset(&cycle_lock);
}

void cycle_start(void) {
  if (options.collect == COLLECT_OFF)
    collect_disable();
  cycle_set_allowance(collect_settings.heap_initial);
  beside.wanted = options.collect == COLLECT_CONCURRENT;
  beside.wanted = marks_beside(); /* says so if not */
  collected.collect = wanted;
}

/* Behind the heap's own, so that its fork handlers, which take its locks, come after ours. */
__attribute__((constructor(102))) static void library_loaded(void) {
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  roots_start();
  collect_start();
}
