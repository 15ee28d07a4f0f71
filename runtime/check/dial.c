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

void dial_watched_since(uint64_t from) {
  uint64_t now = dial_ticks();
  if (now > from)
    __atomic_add_fetch(&watched, now - from, __ATOMIC_RELAXED);
  dial_spent_since(from);
}

uint64_t dial_fault_ticks(void) {
  return dial_ticks() - ticks_in(FAULT_NANOSECONDS);
}

void dial_start(void) {
  start_ticks = dial_ticks();
  start_nanoseconds = kernel_now();
}

void dial_spent_since(uint64_t from) {
  uint64_t now = dial_ticks();
  if (now > from)
    __atomic_add_fetch(&spent, now - from, __ATOMIC_RELAXED);
}

uint64_t dial_nanoseconds(void) {
  return kernel_now() - start_nanoseconds;
}

uint64_t dial_spent_nanoseconds(void) {
  uint64_t a_us = ticks_in(1000);
  return __atomic_load_n(&spent, __ATOMIC_RELAXED) / (a_us > 0 ? a_us : 1) * 1000;
}

/* Ticks that may have been spent by now. */
static uint64_t budget(void) {
  uint64_t passed = dial_ticks() - start_ticks;
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
