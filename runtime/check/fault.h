/*
 * fault.h: a fault becomes an explanation. The checker's handlers of SIGSEGV, SIGBUS and SIGTRAP; the program's own are
 * kept beside them, and get every fault that is not about checked memory.
 */
#ifndef FREEHOLD_CHECK_FAULT_H
#define FREEHOLD_CHECK_FAULT_H

#include "base/bits.h"

#include <signal.h>

/* Installs the handlers, and an alternate stack for the calling thread. */
void fault_start(void);

/* Whether `number` is a signal that the checker has taken; then fault_action stands for sigaction(2). */
bool fault_takes(int number);
int fault_action(int number, const struct sigaction *action, struct sigaction *before);

/* The signals that must never be blocked, for they come from the program's own instructions. */
void fault_unblock(sigset_t *set);

/* The stacks that this thread's faults are handled on; what to give back at its end, NULL when there was no memory. */
void *fault_stack_take(void);
void fault_stack_give(void *stack);

/* For ss_flags: SS_AUTODISARM, which libc's headers don't name. */
#define DISARMED_IN_HANDLERS ((int)(1u << 31))

/* The program has set (or, with NULL, done away with) an alternate stack of its own for this thread; a free of the memory
 * it lies in must not leave the kernel with it. */
void fault_stack_replaced(const stack_t *stack);
void fault_stack_freed(uintptr_t start, size_t bytes);

#endif
