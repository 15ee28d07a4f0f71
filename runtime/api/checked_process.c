/*
 * checked_process.c: where a program begins and ends, for the search for leaks: what its last frames held is gone when main
 * has returned, however much of it still lies about on the stack; and the ways out that pass the destructors by.
 */
#include "api/real.h"
#include "api/twins.h"
#include "base/print.h"
#include "check/start.h"
#include "check/watch.h"
#include "reach/reach.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FH_NO_STANDARD_NAMES

typedef int main_function(int count, char **arguments, char **environment);
static main_function *program_main;

/* No register holds anything, and the stack begins above this frame. */
static void note_return(void) {
  ucontext_t nothing;
  memset(&nothing, 0, sizeof nothing);
#if defined(__x86_64__)
  nothing.uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)__builtin_frame_address(0);
#elif defined(__aarch64__)
  nothing.uc_mcontext.sp = (uintptr_t)__builtin_frame_address(0);
#endif
  check_note_end(&nothing);
}

static int run_main(int count, char **arguments, char **environment) {
  int code = program_main(count, arguments, environment);
  note_return();
  return code;
}

REAL(int, __libc_start_main, (main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *))
STANDARD(int, __libc_start_main,
         (main_function * program, int count, char **arguments, void (*start)(void), void (*end)(void),
          void (*loader_end)(void), void *stack_end)) {
  program_main = program;
  return real___libc_start_main()(run_main, count, arguments, start, end, loader_end, stack_end);
}

/* From here on every signal of this process stops it for its tracer, the checker's own too; and one that waits in vfork for
 * this process to become another program would wait forever. So no access traps any more. */
REAL(long, ptrace, (int, long, void *, void *))
STANDARD(long, ptrace, (int request, long process, void *address, void *data)) {
  enum { TRACE_ME = 0 };
  if (request == TRACE_ME && check_ready())
    watch_end_all();
  return real_ptrace()(request, process, address, data);
}

REAL(void, exit, (int))
STANDARD(void, exit, (int code)) {
  ucontext_t context;
  reach_context(&context);
  check_note_end(&context);
  real_exit()(code);
  die();
}

REAL(void, _exit, (int))
STANDARD(void, _exit, (int code)) {
  ucontext_t context;
  reach_context(&context);
  check_note_end(&context);
  check_finish(true);
  real__exit()(code);
  die();
}
STANDARD(void, _Exit, (int code)) {
  _exit(code);
}

#endif
