/* order.h: failure on order (option fail_alloc): which allocation is to fail? */
#ifndef FREEHOLD_CHECK_ORDER_H
#define FREEHOLD_CHECK_ORDER_H

#include "base/bits.h"
#include "trace/stack.h"

/* Reads the option; says so on standard error when it can't. */
void order_start(void);
/* Whether any is in force: then stacks must be exact. */
bool order_given(void);

/* From here on allocations are the program's, and count. */
void order_begin(void);

/* Whether this allocation, made at the stack `id`, fails. `first` is true for the first one of its site. */
bool order_fails(stack_id id, bool first);

/* How many sites there were. */
uint64_t order_sites(void);

/* How many were made to fail, and the stack and thread of the last one. */
uint64_t order_failures(void);
stack_id order_last(uint32_t *thread);

#endif
