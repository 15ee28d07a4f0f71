/*
 * step.h: lets one instruction of the program touch closed pages, and closes them behind it.
 *
 * The pages are opened, and the program is sent to a copy of the instruction; behind the copy stands code that closes the
 * pages again with a system call and jumps back to the program. That is one signal for each access. Where there is no
 * memory for such copies, or the instruction can't be moved, the processor's trap flag does the same with a second signal.
 */
#ifndef FREEHOLD_CHECK_STEP_H
#define FREEHOLD_CHECK_STEP_H

#include "guard/guard.h"
#include "guard/instruction.h"

/* False when neither way works on this processor. */
bool step_start(void);

/* Where the program counter of a fault really is: that of the program, for one in a copy. Changes the context so. */
void step_find_program(ucontext_t *context);

/* Lets the instruction at the context's program counter touch the pages [address, address + bytes), which are open now and
 * will be closed. `length` is the instruction's. Called again before the instruction was done, it adds those. False when it
 * can't remember so many: then they stay open. */
bool step_over(ucontext_t *context, unsigned length, uintptr_t address, size_t bytes);

/* The trap of the slower way: true when it was one. */
bool step_trapped(ucontext_t *context);

#endif
