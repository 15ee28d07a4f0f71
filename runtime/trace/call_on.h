/* call_on.h: a handler goes on on another stack than the one the kernel gave it, which may be small. */
#ifndef FREEHOLD_TRACE_CALL_ON_H
#define FREEHOLD_TRACE_CALL_ON_H

#include "base/bits.h"

/* Calls call(argument) with the stack pointer at `top`, a multiple of 16; on a processor for which nobody has written how,
 * on the stack it is on. Stacks are unwound through it. */
INTERNAL void call_on(uintptr_t top, void *argument, void (*call)(void *argument));

#endif
