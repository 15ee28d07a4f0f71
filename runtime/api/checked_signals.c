/*
 * checked_signals.c: what a program does about the signals that the checker lives by. Its handlers of them are kept, and
 * called for every fault that isn't the checker's; blocking them would turn a watched access into the end of the program.
 */
#include "api/real.h"
#include "api/twins.h"
#include "check/access.h"
#include "check/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#ifndef FH_NO_STANDARD_NAMES

extern int __sigaction(int number, const struct sigaction *action, struct sigaction *before);

STANDARD(int, sigaction, (int number, const struct sigaction *action, struct sigaction *before)) {
  return fault_takes(number) ? fault_action(number, action, before) : __sigaction(number, action, before);
}

static sighandler_t set_handler(int number, sighandler_t handler, int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, before;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

STANDARD(sighandler_t, signal, (int number, sighandler_t handler)) {
  return set_handler(number, handler, SA_RESTART);
}
STANDARD(sighandler_t, bsd_signal, (int number, sighandler_t handler)) {
  return set_handler(number, handler, SA_RESTART);
}
STANDARD(sighandler_t, __sysv_signal, (int number, sighandler_t handler)) {
  return set_handler(number, handler, (int)(SA_RESETHAND | SA_NODEFER));
}
STANDARD(sighandler_t, sysv_signal, (int number, sighandler_t handler)) {
  return set_handler(number, handler, (int)(SA_RESETHAND | SA_NODEFER));
}

/* The kernel writes to such a stack. */
REAL(int, sigaltstack, (const stack_t *, stack_t *))
STANDARD(int, sigaltstack, (const stack_t *stack, stack_t *before)) {
  if (stack != NULL && (stack->ss_flags & SS_DISABLE) == 0)
    access_release(stack->ss_sp, 1);
  access_release(stack, 1);
  access_release(before, 1);
  stack_t disarmed;
  if (stack != NULL && (stack->ss_flags & SS_DISABLE) == 0) {
    disarmed = *stack;
    disarmed.ss_flags |= DISARMED_IN_HANDLERS;
  }
  int result = real_sigaltstack()(stack != NULL && (stack->ss_flags & SS_DISABLE) == 0 ? &disarmed : stack, before);
  if (result == 0 && before != NULL)
    before->ss_flags &= ~DISARMED_IN_HANDLERS;
  if (result == 0 && stack != NULL)
    fault_stack_replaced((stack->ss_flags & SS_DISABLE) == 0 ? stack : NULL);
  return result;
}

/* The set without the checker's signals, where the call would add them. */
static const sigset_t *unblocked(int how, const sigset_t *set, sigset_t *copy) {
  if (set == NULL || how == SIG_UNBLOCK)
    return set;
  *copy = *set;
  fault_unblock(copy);
  return copy;
}

REAL(int, sigprocmask, (int, const sigset_t *, sigset_t *))
STANDARD(int, sigprocmask, (int how, const sigset_t *set, sigset_t *before)) {
  sigset_t copy;
  return real_sigprocmask()(how, unblocked(how, set, &copy), before);
}

REAL(int, pthread_sigmask, (int, const sigset_t *, sigset_t *))
STANDARD(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *before)) {
  sigset_t copy;
  return real_pthread_sigmask()(how, unblocked(how, set, &copy), before);
}

#endif
