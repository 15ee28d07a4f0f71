/*
 * cfi.h: what .eh_frame says of the frame at a pc (DWARF 5, 6.4; Linux Standard Base, .eh_frame and .eh_frame_hdr).
 *
 * A row says how the caller's registers follow from the frame's. Reading it takes some hundred nanoseconds;
 * trace/rule_cache.h keeps what can be said in a word.
 */
#ifndef FREEHOLD_TRACE_CFI_H
#define FREEHOLD_TRACE_CFI_H

#include "trace/dwarf_expression.h"
#include "trace/modules.h"
#include "trace/registers.h"

/* How a register of the caller is found. */
enum cfi_how {
  CFI_SAME,             /* the frame's own; also when nothing is said */
  CFI_UNDEFINED,        /* lost; of the return address: there is no caller */
  CFI_SAVED,            /* in the word at CFA + value */
  CFI_OFFSET,           /* CFA + value */
  CFI_REGISTER,         /* in another register */
  CFI_SAVED_EXPRESSION, /* in the word whose address the block at base + value works out */
  CFI_EXPRESSION,       /* what the block at base + value works out */
};

struct cfi_row {
  uintptr_t base, end; /* of the module's unwind information: what blocks are relative to, what nothing lies beyond */
  int64_t cfa_value;   /* offset, or block */
  uint8_t cfa_expression; /* 1: cfa_value is a block */
  uint8_t cfa_register;
  uint8_t return_register;
  bool signal;        /* the frame was made by the kernel: it stands at the pc itself */
  bool return_signed; /* aarch64: the return address carries an authentication code */
  uint8_t how[REGISTER_COUNT];
  int32_t value[REGISTER_COUNT];
};

/* The row for the instruction at `pc`, which is in `module`. False when nothing is said about it. */
bool cfi_row_find(const struct module *module, uintptr_t pc, struct cfi_row *row);

enum cfi_step {
  CFI_STEPPED,
  CFI_NO_CALLER,
  CFI_UNKNOWN_REGISTER, /* the walk would have to follow more registers */
  CFI_FAILED,           /* a word can't be read */
};

/* From a frame's registers to its caller's. */
enum cfi_step cfi_step(const struct cfi_row *row, struct registers *registers, struct stack_range *known);

#endif
