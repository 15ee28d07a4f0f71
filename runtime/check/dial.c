#include "check/dial.h"
#include "base/options.h"
#include "guard/guard.h"
#include "space/kernel.h"

/* Short runs are checked in full: so much is spent before anything is weighed. */
#define ALLOWANCE_NANOSECONDS 150000000u
/* A site keeps being guarded for its first objects, until the budget is overdrawn by as much again. */
#define NEW_SITE_OBJECTS 4
/* A site whose watched objects were all clean so often has proven itself. */
#define CLEAN_ENOUGH 64
/* A signal and the return from it, which nobody can time from inside; measured on virtual machines. */
#define FAULT_NANOSECONDS 10000u
/* What is done at once takes less, but for a report, which is no cost of guarding. Longer means that the thread had to wait
 * for a processor or a lock, or stood still for a debugger. */
#define INTERRUPTED_NANOSECONDS 1000000u
/* How much weight the last one has in what a thread's expenses usually are. */
#define USUAL_SHIFT 3
/* The processor's time is asked for so often at most, and how long was waited for one, which takes a file of /proc. */
#define LOOK_NANOSECONDS     1000000u
#define LOOK_FAR_NANOSECONDS 20000000u
/* Of the budget, what watching may use. */
#define WATCH_SHARE 2

static uint64_t start_ticks, start_nanoseconds;
static uint64_t spent;      /* atomic; ticks */
static uint64_t watched;    /* atomic; the part of them that watching took */
static uint64_t ticks_a_us; /* atomic; 0: not known yet */

uint64_t dial_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return kernel_now();
#endif
}

/* The counter's rate, read off the clock once some time has gone by; until then a fast processor's is assumed. */
static uint64_t ticks_in(uint64_t nanoseconds) {
  uint64_t rate = __atomic_load_n(&ticks_a_us, __ATOMIC_RELAXED);
  if (UNLIKELY(rate == 0)) {
    uint64_t passed = kernel_now() - start_nanoseconds;
    if (passed < 1000000)
      return nanoseconds * 3;
    rate = (dial_ticks() - start_ticks) / (passed / 1000);
    if (rate == 0)
      rate = 1;
    if (passed > 20000000)
      __atomic_store_n(&ticks_a_us, rate, __ATOMIC_RELAXED);
  }
  return nanoseconds / 1000 * rate;
}

/* What this thread spent since `from`. Not what went by meanwhile: of more threads than processors each waits most of the
 * time, and the waiting of all together would use up any budget. To ask for the thread's own time would cost as much as
 * many an expense. So what was interrupted counts as much as the thread's expenses usually are. */
static __thread uint64_t usual; /* ticks */

static uint64_t expense(uint64_t from) {
  uint64_t now = dial_ticks(), ticks = now > from ? now - from : 0;
  if (UNLIKELY(ticks > ticks_in(INTERRUPTED_NANOSECONDS)))
    return usual;
  usual += ticks / (1u << USUAL_SHIFT) - usual / (1u << USUAL_SHIFT);
  return ticks;
}

void dial_watched_since(uint64_t from) {
  uint64_t ticks = expense(from);
  __atomic_add_fetch(&watched, ticks, __ATOMIC_RELAXED);
  __atomic_add_fetch(&spent, ticks, __ATOMIC_RELAXED);
}

uint64_t dial_fault_ticks(void) {
  return dial_ticks() - ticks_in(FAULT_NANOSECONDS);
}

void dial_spent_since(uint64_t from) {
  __atomic_add_fetch(&spent, expense(from), __ATOMIC_RELAXED);
}

uint64_t dial_nanoseconds(void) {
  return kernel_now() - start_nanoseconds;
}

uint64_t dial_spent_nanoseconds(void) {
  uint64_t a_us = ticks_in(1000);
  return __atomic_load_n(&spent, __ATOMIC_RELAXED) / (a_us > 0 ? a_us : 1) * 1000;
}

/* Whether it is time for another look, which then is the caller's. */
static bool look_is_due(uint64_t *looked, uint64_t now, uint64_t nanoseconds) {
  uint64_t before = __atomic_load_n(looked, __ATOMIC_RELAXED);
  return UNLIKELY(now - before > ticks_in(nanoseconds)) &&
         __atomic_compare_exchange_n(looked, &before, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Time in which the main thread was ready to run and others had the processors, since the start. The kernel counts for a
 * thread, whatever programs it has run before; in a child of fork it begins at 0 again. */
static uint64_t waited_before, waited; /* nanoseconds; by whoever's look it is; `waited` is atomic */

static void look_at_waiting(void) {
  uint64_t now = kernel_waited_nanoseconds();
  uint64_t more = now > waited_before ? now - waited_before : 0;
  waited_before = now;
  __atomic_store_n(&waited, __atomic_load_n(&waited, __ATOMIC_RELAXED) + more, __ATOMIC_RELAXED);
}

void dial_start(void) {
  start_ticks = dial_ticks();
  start_nanoseconds = kernel_now();
  waited_before = kernel_waited_nanoseconds();
}

/* The run's time so far: what went by, or what its threads have computed together, whichever is more. Of a program that
 * waits, the one is larger, of one with busy threads the other, and all of them spend. Not what went by while the main
 * thread was ready to run and others had the processors: on a busy machine that is most of the time, and no time in which
 * the program gets anything done. */
static uint64_t run_ticks(void) {
  static uint64_t looked, looked_far, computed; /* atomic; ticks */
  uint64_t now = dial_ticks(), passed = now - start_ticks;
  if (look_is_due(&looked, now, LOOK_NANOSECONDS))
    __atomic_store_n(&computed, ticks_in(kernel_process_nanoseconds()), __ATOMIC_RELAXED);
  if (look_is_due(&looked_far, now, LOOK_FAR_NANOSECONDS))
    look_at_waiting();
  uint64_t together = __atomic_load_n(&computed, __ATOMIC_RELAXED);
  uint64_t lost = ticks_in(__atomic_load_n(&waited, __ATOMIC_RELAXED)), alone = passed > lost ? passed - lost : 0;
  return together > alone ? together : alone;
}

/* Ticks that may have been spent by now. */
static uint64_t budget(void) {
  uint64_t passed = run_ticks();
  return ticks_in(ALLOWANCE_NANOSECONDS) + passed / (100 + options.overhead) * options.overhead;
}

/* What each thread goes by for its next calls: to read the counter each time would cost as much as the answer is worth. */
#define WEIGHED_CALLS 32u
static __thread struct weighed {
  uint32_t calls_left;
  bool has_time, is_overdrawn, may_watch;
} weighed;

static COLD void weigh(void) {
  uint64_t may = budget(), has = __atomic_load_n(&spent, __ATOMIC_RELAXED);
  weighed.has_time = options.all || has < may;
  weighed.is_overdrawn = !options.all && has >= 2 * may;
  weighed.may_watch = options.all || __atomic_load_n(&watched, __ATOMIC_RELAXED) < may / WATCH_SHARE;
  /* As long as there is time each call may take much of it. */
  weighed.calls_left = weighed.has_time ? 1 : WEIGHED_CALLS;
}

ALWAYS_INLINE const struct weighed *weighed_now(void) {
  if (weighed.calls_left == 0)
    weigh();
  weighed.calls_left--;
  return &weighed;
}

bool dial_may_watch(void) {
  return weighed_now()->may_watch;
}

bool dial_exact(void) {
  return weighed_now()->has_time;
}

static uint32_t count(uint32_t *counter) {
  return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

bool dial_guards(struct stack_site *site, size_t bytes) {
  if (options.all)
    return true;
  uint32_t before = site != NULL ? count(&site->allocations) : NEW_SITE_OBJECTS;
  if (LIKELY(!weighed.has_time) && (before >= NEW_SITE_OBJECTS || weighed.is_overdrawn))
    return false;
  if (guard_live_bytes() + bytes > options.guard_memory)
    return false;
  if (site != NULL)
    count(&site->guarded);
  return true;
}

bool dial_watches(struct stack_site *site) {
  if (!options.watch)
    return false;
  if (site == NULL || options.all)
    return true;
  if (__atomic_load_n(&site->clean, __ATOMIC_RELAXED) >= CLEAN_ENOUGH)
    return false;
  uint32_t before = __atomic_load_n(&site->watched, __ATOMIC_RELAXED);
  if (!dial_may_watch() && (before != 0 || weighed.is_overdrawn))
    return false;
  count(&site->watched);
  return true;
}
