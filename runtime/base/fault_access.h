/* fault_access.h: what the context of a fault says of the access. */
#ifndef FREEHOLD_BASE_FAULT_ACCESS_H
#define FREEHOLD_BASE_FAULT_ACCESS_H

#include "record/report.h"

#include <ucontext.h>

/* Of the third argument of a handler of SIGSEGV or SIGBUS. UNKNOWN where the kernel says nothing. Async-signal-safe. */
enum fh_access fault_access(const ucontext_t *context);

#endif
