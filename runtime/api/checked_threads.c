/*
 * checked_threads.c: each new thread gets an alternate stack, on which the overflow of its own can be explained.
 */
#include "api/real.h"
#include "api/twins.h"
#include "check/fault.h"
#include "check/start.h"
#include "heap/allocate.h"
#include "heap/fast.h"

#include <pthread.h>

#ifndef FH_NO_STANDARD_NAMES

struct beginning {
  void *(*run)(void *argument);
  void *argument;
};

static void *thread_begin(void *given) {
  struct beginning beginning = *(struct beginning *)given;
  release(given);
  void *stack = fault_stack_take(), *result;
  pthread_cleanup_push(fault_stack_give, stack);
  result = beginning.run(beginning.argument);
  pthread_cleanup_pop(1);
  return result;
}

REAL(int, pthread_create, (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))
STANDARD(int, pthread_create,
         (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)) {
  /* From the heap itself: the program never sees it. */
  struct beginning *beginning = check_ready() ? allocate(sizeof *beginning) : NULL;
  if (beginning == NULL)
    return real_pthread_create()(thread, attributes, run, argument);
  *beginning = (struct beginning){run, argument};
  int error = real_pthread_create()(thread, attributes, thread_begin, beginning);
  if (error != 0)
    release(beginning);
  return error;
}

#endif
