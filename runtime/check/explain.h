/* explain.h: a fault outside of checked memory: null and wild pointers, a full stack, a write to what is read-only. */
#ifndef FREEHOLD_CHECK_EXPLAIN_H
#define FREEHOLD_CHECK_EXPLAIN_H

#include "base/bits.h"
#include "record/report.h"

#include <signal.h>
#include <ucontext.h>

/* Below it an address is null and an offset: no program is given pages there. */
#define NULL_BYTES (64 * KIB)

/* What the processor said. */
struct fault {
  int number;        /* the signal */
  uintptr_t address; /* of the access; of one the processor gives no address for, the operand's */
  bool has_address;
  enum fh_access access; /* as far as is known */
  ucontext_t *context;
};

struct fault fault_describe(int number, const siginfo_t *info, void *context);

/* Reports it. The program can't go on after it. Async-signal-safe. */
void explain(const struct fault *fault);

#endif
