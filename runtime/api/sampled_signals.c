/*
 * sampled_signals.c: a program that sets a handler for SIGSEGV while some of its objects are sampled gets it called, and is
 * told of it when it asks, but the kernel goes on to know ours (sample/fault.h). All other signals are libc's business.
 *
 * Only where libc has the same function under another name; elsewhere a program's handler simply takes the place of ours.
 */
#include "api/twins.h"
#include "sample/fault.h"

#include <errno.h>
#include <signal.h>

#if defined(__GLIBC__) && !defined(FH_NO_STANDARD_NAMES)

extern int __sigaction(int number, const struct sigaction *action, struct sigaction *before);
/* signal(3) under its other name. */
extern sighandler_t ssignal(int number, sighandler_t handler);

STANDARD(int, sigaction, (int number, const struct sigaction *action, struct sigaction *before)) {
  return sample_takes_signal(number) ? sample_action(action, before) : __sigaction(number, action, before);
}

static sighandler_t set_handler(int number, sighandler_t handler, unsigned flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = (int)flags}, before;
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

STANDARD(sighandler_t, signal, (int number, sighandler_t handler)) {
  return sample_takes_signal(number) ? set_handler(number, handler, SA_RESTART) : ssignal(number, handler);
}
STANDARD(sighandler_t, bsd_signal, (int number, sighandler_t handler)) {
  return sample_takes_signal(number) ? set_handler(number, handler, SA_RESTART) : ssignal(number, handler);
}
/* What glibc's signal is to programs that ask for System V's or plain C's semantics. */
STANDARD(sighandler_t, __sysv_signal, (int number, sighandler_t handler)) {
  return set_handler(number, handler, (unsigned)SA_RESETHAND | SA_NODEFER);
}
STANDARD(sighandler_t, sysv_signal, (int number, sighandler_t handler)) {
  return set_handler(number, handler, (unsigned)SA_RESETHAND | SA_NODEFER);
}

#endif
