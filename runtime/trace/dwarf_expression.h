/* dwarf_expression.h: the stack machine in which some unwind rules are written. */
#ifndef FREEHOLD_TRACE_DWARF_EXPRESSION_H
#define FREEHOLD_TRACE_DWARF_EXPRESSION_H

#include "trace/dwarf_reader.h"
#include "trace/registers.h"
#include "trace/stack_range.h"

enum expression_result {
  EXPRESSION_DONE,
  EXPRESSION_UNKNOWN_REGISTER, /* it needs a register that the walk has not followed */
  EXPRESSION_FAILED,           /* a word can't be read, an operation is not known, or it does not end */
};

/* Evaluates the block (a length, then operations) at `block`; nothing is read at or after `end`. `first` is pushed before
 * when it is not NULL. Words are loaded through `known`. Async-signal-safe. */
enum expression_result expression_evaluate(const uint8_t *block, const uint8_t *end,
                                           const struct registers *registers, struct stack_range *known,
                                           const uintptr_t *first, uintptr_t *result);

#endif
