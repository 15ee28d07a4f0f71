/*
 * checked_threads.c: each new thread gets an alternate stack, on which the overflow of its own can be explained.
 */
#include "api/real.h"
#include "api/twins.h"
#include "check/allocate.h"
#include "check/fault.h"
#include "check/start.h"
#include "heap/allocate.h"
#include "heap/fast.h"
#include "space/kernel.h"
#include "space/space.h"

#include <pthread.h>

#ifndef FH_NO_STANDARD_NAMES

struct beginning {
  void *(*run)(void *argument);
  void *argument;
  size_t stack_bytes; /* 0: a stack of the program's own */
};

#define STACK_LEFT_BYTES (512 * KIB)
#define STACK_NEAR_BYTES 256 /* what the function that clears may need below its variables */
#define STACK_GAP_BYTES  1024

static size_t stack_bytes_of(const pthread_attr_t *attributes) {
  void *address = NULL;
  size_t bytes = 0;
  pthread_attr_t standard;
  if (attributes != NULL)
    /* Without a stack of the program's own glibc gives one that ends at 0. */
    return pthread_attr_getstack(attributes, &address, &bytes) == 0 && (uintptr_t)address + bytes == 0 ? bytes : 0;
  if (pthread_attr_init(&standard) != 0)
    return 0;
  if (pthread_attr_getstacksize(&standard, &bytes) != 0)
    bytes = 0;
  pthread_attr_destroy(&standard);
  return bytes;
}

/* What the thread's stack still holds when it has ended keeps nothing alive: glibc keeps the stack for the next thread. The
 * last pages are left: where exactly the stack ends, only glibc knows. */
static void forget_stack(void *stack_bytes) {
  check_totals_add();
  size_t page = space_page_bytes(), bytes = (size_t)(uintptr_t)stack_bytes;
  volatile uint64_t lowest = 0; /* of this frame, or nearly */
  uintptr_t here = align_down((uintptr_t)&lowest - STACK_NEAR_BYTES, sizeof lowest),
            first = align_down(here, page) - page;
  if (bytes <= 2 * STACK_LEFT_BYTES)
    return;
  for (uintptr_t at = first; at < here; at += sizeof lowest)
    *(volatile uint64_t *)at = 0;
  kernel.purge(first - (bytes - STACK_LEFT_BYTES), bytes - STACK_LEFT_BYTES);
}

/* The program's function, so far down the stack that what it leaves there is not under what forget_stack itself needs. */
NOINLINE static void *run_below(const struct beginning *beginning) {
  char gap[STACK_GAP_BYTES];
  __asm__ volatile("" : : "r"(gap) : "memory");
  void *result = beginning->run(beginning->argument);
  __asm__ volatile("" : : "r"(gap) : "memory"); /* no jump to it either */
  return result;
}

static void *thread_begin(void *given) {
  struct beginning beginning = *(struct beginning *)given;
  release(given);
  void *stack = fault_stack_take(), *result;
  pthread_cleanup_push(fault_stack_give, stack);
  pthread_cleanup_push(forget_stack, (void *)(uintptr_t)beginning.stack_bytes);
  result = run_below(&beginning);
  pthread_cleanup_pop(1);
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
  *beginning = (struct beginning){run, argument, stack_bytes_of(attributes)};
  int error = real_pthread_create()(thread, attributes, thread_begin, beginning);
  if (error != 0)
    release(beginning);
  return error;
}

#endif
