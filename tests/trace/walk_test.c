/*
 * The walk finds what libgcc finds, frame for frame, from every kind of frame.
 *
 *     trace_walk [table]    with our own table of modules instead of the C library's
 */
#include "compare.h"
#include "trace/modules.h"
#include "trace/stack.h"

#include <errno.h>

void cases_plain(void);
void cases_fp(void);
void cases_realign(void);
void cases_large(void);

static unsigned observed;

__attribute__((noinline)) void observe(const char *what, size_t least) {
  static struct frame_list wanted; /* threads come one after the other */
  uintptr_t got[COMPARE_FRAMES];
  frame_list_by_libgcc(&wanted);
  /* Twice: the second time the rules are known. */
  for (int time = 0; time < 2; time++) {
    bool cut = true;
    errno = 4711;
    size_t count = stack_unwind(STACK_HERE(), got, COMPARE_FRAMES, &cut);
    frame_lists_expect_equal(what, got, count, wanted.frames + 1, wanted.count - 1);
    if (count < least || cut || errno != 4711) {
      fprintf(stderr, "%s: %zu frames, cut %d, errno %d\n", what, count, cut, errno);
      _Exit(1);
    }
    /* A part of them is their beginning. */
    size_t part = stack_unwind(STACK_HERE(), got, count - 1, &cut);
    frame_lists_expect_equal(what, got, part, wanted.frames + 1, count - 1);
    if (!cut) {
      fprintf(stderr, "%s: one frame fewer, and it does not say so\n", what);
      _Exit(1);
    }
  }
  observed++;
}

/* From a signal's context: what libgcc finds behind the kernel's frame. */
static void handle_with_context(int signal, siginfo_t *information, void *context) {
  (void)signal;
  (void)information;
  struct frame_list wanted;
  uintptr_t got[COMPARE_FRAMES];
  frame_list_by_libgcc(&wanted);
  bool cut = true;
  size_t count = stack_unwind_context(context, got, COMPARE_FRAMES, &cut);
  frame_lists_expect_equal("context of a signal", got, count, wanted.frames + 2, wanted.count - 2);
  if (count < 3 || cut)
    _Exit(1);
  observed++;
}

static void contexts(int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handle_with_context;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(SIGUSR2, &action, NULL);
  raise(SIGUSR2);
}

int main(int count, char **arguments) {
  static char signal_stack[1 << 18];
  stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
  sigaltstack(&stack, NULL);
  module_table_forced = count > 1 && strcmp(arguments[1], "table") == 0;
  stack_start();
  cases_plain();
  cases_fp();
  cases_realign();
  cases_large();
#ifdef TEST_CXX
  cases_cxx();
#endif
  contexts(0);
  contexts(SA_ONSTACK);
  printf("%u stacks are the same\n", observed);
  return observed > 100 ? 0 : 1;
}
