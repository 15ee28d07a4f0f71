/* unwind.h: what the rest of the room asks of the walk beyond trace/stack.h. */
#ifndef FREEHOLD_TRACE_UNWIND_H
#define FREEHOLD_TRACE_UNWIND_H

#include "trace/stack.h"

/* Where the return addresses of the innermost frames stand, as far as simple rules tell: up to `most` addresses of
 * words that can be read, as bytes above place.sp. *by_fp: they also depend on place.fp. */
size_t unwind_slots(struct stack_place place, uint32_t *offsets, size_t most, bool *by_fp);

#endif
