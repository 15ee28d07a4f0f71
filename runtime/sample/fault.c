#include "sample/fault.h"
#include "base/fault_access.h"
#include "heap/sampled.h"
#include "space/kernel.h"
#include "trace/call_on.h"

#include <errno.h>

#define REPORT_STACK_BYTES (64 * KIB)

/* Where the names of signals are ours as well (api/sampled_signals.c), libc's own one. */
#if defined(__GLIBC__)
extern int __sigaction(int number, const struct sigaction *action, struct sigaction *before);
#define REAL_SIGACTION __sigaction
#else
#define REAL_SIGACTION sigaction
#endif

static bool taken; /* set once, with release */

/* What the program has asked for: one of two, so that a fault meanwhile finds one that is whole. Threads that set it at the
 * same time race, as they do with the kernel's. */
static struct sigaction program_actions[2];
static uint32_t program_action; /* atomic; which one */

static struct sigaction *program_now(void) {
  return &program_actions[__atomic_load_n(&program_action, __ATOMIC_ACQUIRE)];
}

static bool has_handler(const struct sigaction *action) {
  return ((unsigned)action->sa_flags & SA_SIGINFO) != 0 ||
         (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

static void on_fault(int number, siginfo_t *info, void *context);

/* Ours, under the program's conditions. */
static int install(const struct sigaction *program) {
  struct sigaction action = {.sa_flags = SA_ONSTACK};
  if (has_handler(program))
    action = *program;
  /* SA_RESETHAND would take ours away; pass_on does the same for the program's. */
  action.sa_flags = (int)(((unsigned)action.sa_flags & ~(unsigned)SA_RESETHAND) | SA_SIGINFO);
  action.sa_sigaction = on_fault;
  return REAL_SIGACTION(SIGSEGV, &action, NULL);
}

static void program_set(const struct sigaction *action) {
  uint32_t other = 1 - __atomic_load_n(&program_action, __ATOMIC_ACQUIRE);
  program_actions[other] = *action;
  __atomic_store_n(&program_action, other, __ATOMIC_RELEASE);
}

bool sample_takes_signal(int number) {
  return number == SIGSEGV && __atomic_load_n(&taken, __ATOMIC_ACQUIRE);
}

int sample_action(const struct sigaction *action, struct sigaction *before) {
  struct sigaction earlier = *program_now();
  if (action != NULL) {
    struct sigaction asked = *action; /* may be the same as *before */
    program_set(&asked);
    int result = install(&asked);
    if (result != 0) {
      program_set(&earlier);
      return result;
    }
  }
  if (before != NULL)
    *before = earlier;
  return 0;
}

/* ---- A fault. ---- */

struct judged {
  siginfo_t *info;
  ucontext_t *context;
  enum sampled_verdict verdict;
};

static void judge(void *argument) {
  struct judged *judged = argument;
  uintptr_t address = (uintptr_t)judged->info->si_addr;
  judged->verdict = sampled_fault(address, (uint8_t)fault_access(judged->context), judged->context);
}

/* On a stack of its own: the program's may be a small one. */
static enum sampled_verdict judge_on_stack(siginfo_t *info, void *context) {
  struct judged judged = {info, context, SAMPLED_NOT_OURS};
  intptr_t at = kernel.reserve(REPORT_STACK_BYTES);
  bool reserved = at >= 0 || at <= -4096;
  if (reserved && kernel.commit((uintptr_t)at, REPORT_STACK_BYTES) == 0)
    call_on((uintptr_t)at + REPORT_STACK_BYTES, &judged, judge);
  else
    judge(&judged);
  if (reserved)
    kernel.release((uintptr_t)at, REPORT_STACK_BYTES);
  return judged.verdict;
}

/* What the kernel would do: a fault that is the program's end happens again when we return. */
static void end_as_it_would(int number, bool is_sent) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  REAL_SIGACTION(number, &standard, NULL);
  if (is_sent)
    kernel_raise(number); /* nothing makes it happen again */
}

static void pass_on(int number, siginfo_t *info, void *context) {
  struct sigaction program = *program_now();
  bool is_sent = info->si_code <= 0;
  if (!has_handler(&program)) {
    if (!is_sent || program.sa_handler != SIG_IGN)
      end_as_it_would(number, is_sent);
    return;
  }
  if (((unsigned)program.sa_flags & (unsigned)SA_RESETHAND) != 0) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    program_set(&standard);
    install(&standard);
  }
  if (((unsigned)program.sa_flags & SA_SIGINFO) != 0)
    program.sa_sigaction(number, info, context);
  else
    program.sa_handler(number);
}

static void on_fault(int number, siginfo_t *info, void *context) {
  int saved_errno = errno;
  bool is_fault = info->si_code > 0;
  bool go_on =
      is_fault && sampled_contains((uintptr_t)info->si_addr) && judge_on_stack(info, context) == SAMPLED_GO_ON;
  errno = saved_errno;
  if (!go_on)
    pass_on(number, info, context);
}

void sample_fault_start(void) {
  struct sigaction before;
  if (REAL_SIGACTION(SIGSEGV, NULL, &before) != 0)
    return;
  program_set(&before);
  if (install(&before) == 0)
    __atomic_store_n(&taken, true, __ATOMIC_RELEASE);
}
