#include "check/start.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/print.h"
#include "check/allocate.h"
#include "check/dial.h"
#include "check/fault.h"
#include "check/fence.h"
#include "check/heaps.h"
#include "check/leaks.h"
#include "check/order.h"
#include "check/records.h"
#include "check/report.h"
#include "tell/request.h"
#include "check/stop.h"
#include "check/watch.h"
#include "heap/start.h"
#include "reach/reach.h"
#include "space/kernel.h"

#include <pthread.h>
#include <sys/resource.h>

bool check_started;
static struct lock start_lock;
static bool finished; /* atomic */
static bool forked;   /* this process began by fork, not by exec */

static void before_fork(void) {
  heaps_before_fork();
  records_before_fork();
  fence_before_fork();
}
static void after_fork_in_parent(void) {
  fence_after_fork(false);
  records_after_fork(false);
  heaps_after_fork(false);
}
static void after_fork_in_child(void) {
  fence_after_fork(true);
  records_after_fork(true);
  heaps_after_fork(true);
  forked = true;
  report_start();
}

COLD bool check_start(void) {
  if (!heap_started() && !heap_start())
    return false;
  lock_take(&start_lock);
  if (!check_started) {
    dial_start();
    if (!records_start()) {
      lock_drop(&start_lock);
      return false;
    }
    if (!guard_start())
      warn("no addresses for guarded objects: all are fenced; see ulimit -v", NULL);
    stack_start();
    __atomic_store_n(&check_started, true, __ATOMIC_RELEASE);
  }
  lock_drop(&start_lock);
  return true;
}

/* After the heap's own: from here on libc works. */
__attribute__((constructor(102))) static void checker_loaded(void) {
  if (!check_ready())
    return;
  report_start();
  order_start(); /* not before: what the library has asked of the loader is not the program's */
  fault_start();
  watch_start();
  leaks_exclude_own_variables();
  request_answers = (struct request_answers){leaks_answer, leaks_why, check_fences_in_copy};
  if (!request_start())
    warn("no free real-time signal, or no memfd_create: freehold leaks can't ask this process", NULL);
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  order_begin();
}

static void write_summary(const struct leaks_totals *leaks) {
  struct check_totals totals = check_totals_read();
  struct rusage usage = {.ru_maxrss = 0};
  getrusage(RUSAGE_SELF, &usage);
  struct fh_record_summary summary = {
      .head = {.type = FH_RECORD_SUMMARY, .bytes = sizeof summary},
      .allocations = totals.allocations,
      .allocated_bytes = totals.allocated_bytes,
      .frees = totals.frees,
      .guarded = totals.guarded,
      .fenced = totals.fenced,
      .watched = watch_objects(),
      .watched_accesses = watch_accesses(),
      .guard_peak_bytes = guard_peak_bytes(),
      .live_objects = totals.live_objects,
      .live_bytes = totals.live_bytes,
      .peak_live_bytes = totals.peak_live_bytes,
      .reports = report_count(),
      .reports_dropped = report_dropped(),
      .sites = order_sites(),
      .failed_on_order = totals.failed_on_order,
      .peak_rss_bytes = (uint64_t)usage.ru_maxrss * KIB,
      .nanoseconds = dial_nanoseconds(),
      .check_nanoseconds = dial_spent_nanoseconds(),
      .leaked_objects = leaks->direct_blocks + leaks->indirect_blocks,
      .leaked_bytes = leaks->direct_bytes + leaks->indirect_bytes,
      .reachable_objects = leaks->reachable_blocks,
      .reachable_bytes = leaks->reachable_bytes,
      .leaks_searched = leaks->searched,
  };
  report_mappings();
  report_append(&summary.head);
}

/* Where the program called exit, or returned to from main. */
static ucontext_t end_context;
static bool end_known;

void check_note_end(const ucontext_t *context) {
  if (end_known)
    return;
  end_context = *context;
  end_known = true;
}

static void search_leaks(struct leaks_totals *leaks) {
  if (options.leaks == LEAKS_OFF)
    return;
  if (!end_known)
    reach_context(&end_context);
  leaks_at_exit(options.leaks, &end_context, leaks);
}

static NOINLINE struct stack_place here(void) {
  return STACK_HERE();
}

void check_finish(bool leaves_at_once) {
  if (!__atomic_load_n(&check_started, __ATOMIC_ACQUIRE) || __atomic_exchange_n(&finished, true, __ATOMIC_ACQ_REL))
    return;
  struct leaks_totals leaks = {.searched = false};
  if (!leaves_at_once || !forked) {
    watch_end_all();
    /* Objects of threads that go on would be freed, and have other owners, while they are looked at. */
    stop_hold(true);
    reach_stop_most(NULL);
    check_fences(here());
    reach_resume_world();
    stop_hold(false);
    search_leaks(&leaks);
  }
  write_summary(&leaks);
}

__attribute__((destructor(102))) static void checker_unloaded(void) {
  check_finish(false);
}
