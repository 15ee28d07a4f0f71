/*
 * instruction.h: what does the instruction do that has just faulted? Decodes one, finds the bytes of memory it reads
 * and writes, and looks ahead whether a value it loads is used or only carried on.
 *
 * Async-signal-safe; allocates nothing; takes up to 6 KiB of stack. On processors without a decoder instruction_read
 * gives false.
 */
#ifndef FREEHOLD_GUARD_INSTRUCTION_H
#define FREEHOLD_GUARD_INSTRUCTION_H

#include "base/bits.h"

#include <ucontext.h>

enum { INSTRUCTION_ACCESSES_MOST = 16 /* the lanes of a gather */ };

struct instruction_access {
  uintptr_t address;
  size_t bytes;
  bool reads, writes; /* both for one that modifies */
};

struct instruction {
  unsigned length;
  unsigned access_count;
  struct instruction_access accesses[INSTRUCTION_ACCESSES_MOST]; /* of memory by data operands, implicit ones too */
  /* Of 16 bytes or more, or of a vector register, but for a single number: it may read more than it needs. */
  bool vector;
  /* A string instruction with a repeat prefix: the accesses are those still to come; of cmps and scas, which may
   * stop at any element, the next ones. */
  bool repeats;
};

/* Decodes the instruction at the context's program counter, with its registers. False when it can't. The bytes are read
 * without faulting. */
bool instruction_read(const ucontext_t *context, struct instruction *instruction);

/* Whether the value that this instruction loads is used for more than being stored again: in a condition, as an
 * address, as an argument of a call or as a branch's target. Looks at the code behind it, for some instructions;
 * false when that doesn't tell. Arithmetic and logic pass on that a value is not to be used; but adding to memory
 * itself counts. A value that was also stored is no argument, nor is one of two neighbouring words loaded together,
 * which may be a struct passed by value; a value returned is not a use. Reads memory that conditions depend on,
 * where it may be read: the answer is better after what is watched was opened. */
bool instruction_uses_value(const ucontext_t *context, const struct instruction *instruction);

/* Whether the vector that this instruction loads is soon compared byte by byte, as in the search for the end of a text, which
 * may well look behind it. */
bool instruction_scans(const ucontext_t *context);

/* Once, before the others. */
bool instruction_start(void);

#endif
