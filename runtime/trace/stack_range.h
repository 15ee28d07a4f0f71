/*
 * stack_range.h: which words of a stack may be loaded without asking?
 *
 * A walk starts with what is known of the stack that its sp is on, and loads through range_read alone. A thread's own
 * stack stays for as long as the thread runs, so its extent is found once, page by page, and kept. Any other stack (a
 * coroutine's, one for signals) may be gone tomorrow: of those nothing is kept, and a walk asks the kernel about each
 * page it comes to. That costs a system call a page, and can't be out of date.
 */
#ifndef FREEHOLD_TRACE_STACK_RANGE_H
#define FREEHOLD_TRACE_STACK_RANGE_H

#include "base/bits.h"

/* Words at [low, low + room) may be loaded; room counts the addresses at which a whole word is inside. */
struct stack_range {
  uintptr_t low;
  size_t room;
};

/* The calling thread's own stack. Written by the thread alone. `floor` is the page below which it can't grow, as
 * far as was tried; 0: not tried. */
struct own_stack {
  struct stack_range range;
  uintptr_t floor;
};
INTERNAL extern __thread struct own_stack own_stack;

struct stack_range stack_range_learn(uintptr_t sp);
bool stack_range_ask(struct stack_range *known, uintptr_t address);

ALWAYS_INLINE bool stack_range_has(const struct stack_range *known, uintptr_t address) {
  return address - known->low < known->room;
}

/* What is known of the stack that `sp` is on; perhaps nothing. Any value is safe. */
ALWAYS_INLINE struct stack_range stack_range_of(uintptr_t sp) {
  if (LIKELY(stack_range_has(&own_stack.range, sp)))
    return own_stack.range;
  return stack_range_learn(sp);
}

/* The word at `address`, if it can be read. */
ALWAYS_INLINE bool range_read(struct stack_range *known, uintptr_t address, uintptr_t *word) {
  if (UNLIKELY(!stack_range_has(known, address)) && !stack_range_ask(known, address))
    return false;
  __builtin_memcpy(word, (const void *)address, sizeof *word);
  return true;
}

/* Called by the main thread once. Without it all the same is true, but the main thread's coroutines cost more. */
void stack_range_start(void);

#endif
