/* Threads that stand still because a client of the collector asks for it. */
#include "collect/collect.h"
#include "heap/collected.h"
#include "heap/thread.h"
#include "reach/reach.h"
#include "reach/threads.h"

static bool entered; /* by who stopped the world; cycle lock */

/* With all of the heap's locks, so that no thread stands still with one of them. */
bool collect_stop_world(void) {
  bool now_entered = collect_lock();
  heap_lock_all();
  if (reach_stop_world()) {
    entered = now_entered;
    return true;
  }
  heap_unlock_all();
  collect_unlock(now_entered);
  return false;
}

void collect_start_world(void) {
  bool before = entered;
  reach_resume_world();
  heap_unlock_all();
  collect_unlock(before);
}

/* A collection that can't stop all threads is tried again later; this has no later. On a busy machine a thread may not get
 * a processor for as long as one try lasts (reach/threads.c). */
#define TRIES 20u

bool collect_suspend_thread(uintptr_t thread) {
  bool stopped = false;
  for (unsigned tries = 0; thread != thread_pointer() && !stopped && tries < TRIES; tries++)
    stopped = collect_stop_world();
  if (!stopped)
    return false;
  bool kept = threads_keep(thread);
  collect_start_world();
  return kept;
}

void collect_resume_thread(uintptr_t thread) {
  bool locked = collect_lock();
  threads_let_go(thread);
  collect_unlock(locked);
}

bool collect_thread_is_suspended(uintptr_t thread) {
  bool locked = collect_lock();
  bool kept = threads_keeps(thread);
  collect_unlock(locked);
  return kept;
}
