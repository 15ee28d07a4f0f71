/* Stopping the world, and going on beside it in a copy. */
#include "reach/kernel_roots.h"
#include "reach/reach.h"
#include "reach/sequence.h"
#include "reach/threads.h"
#include "space/kernel.h"
#include "space/process.h"

#include <errno.h>

bool reach_stop_world(void) {
  if (threads_stop() == 0)
    return true;
  threads_resume();
  return false;
}

size_t reach_stop_most(size_t *threads) {
  size_t missed = threads_stop();
  if (threads != NULL) {
    *threads = 1;
    for (size_t i = 0; i < threads_count(); i++)
      if (thread_number(i)->state <= THREAD_STOPPED)
        ++*threads;
  }
  return missed;
}

void reach_resume_world(void) {
  threads_resume();
}

/* Plenty for a search; of it only what is used is ever there. */
#define COPY_STACK_BYTES (1 * MIB)

struct errand {
  void (*search)(void *context, const struct reach_snapshot *snapshot);
  void *context;
  struct reach_snapshot snapshot;
};

static void run_errand(void *argument) {
  struct errand *errand = argument;
  threads_in_copy();
  errand->search(errand->context, &errand->snapshot);
}

int reach_in_copy(void (*search)(void *context, const struct reach_snapshot *snapshot), void *context) {
  struct errand errand = {.search = search, .context = context};
  uint64_t began = kernel_now();
  errand.snapshot.process = process_id();
  errand.snapshot.missed = reach_stop_most(&errand.snapshot.threads);
  errand.snapshot.stopped_at = began;
  void *stack = sequence_piece(COPY_STACK_BYTES);
  int copy = -ENOMEM;
  if (stack != NULL && kernel_roots_keep())
    copy = process_run_copy(run_errand, &errand, stack, COPY_STACK_BYTES);
  if (stack != NULL)
    sequence_piece_release(stack, COPY_STACK_BYTES);
  kernel_roots_forget();
  threads_resume();
  return copy;
}
