/*
 * restart.h: a thread that was stopped in the middle of a system call goes on with it as if nothing had happened.
 *
 * The kernel starts most interrupted calls anew by itself (SA_RESTART). Those that wait for a time, or for events or a
 * signal, fail with EINTR whatever was asked for (signal(7)). In the handler that stops the thread such a call can be
 * recognized: the interrupted state stands behind the instruction of a system call, with EINTR as its result. The handler
 * sets that state back to before the instruction. A signal of the program's own that came meanwhile still ends the
 * call.
 *
 * A call that waits for a time never ends early. How long it had waited when it was first stopped, the kernel says of
 * some calls only; for the others the time begins anew then, once, and runs on through every further stop: they end late
 * by no more than lay between two stops.
 */
#ifndef FREEHOLD_SPACE_RESTART_H
#define FREEHOLD_SPACE_RESTART_H

#include "base/bits.h"

#include <ucontext.h>

#define CALL_ARGUMENTS 6

/* What the kernel says of a waiting thread. */
struct waiting_call {
  bool known;
  long number;
  uintptr_t arguments[CALL_ARGUMENTS], stack_pointer, instruction; /* instruction: the one behind the call */
};

/* Whether the call puts another program in the process's place. */
bool call_replaces_program(const struct waiting_call *call);

/* In the handler of the signal: sets `context` back if it is that of a call that must not notice. Async-signal-safe. */
void call_restart(ucontext_t *context, const struct waiting_call *call);

#endif
