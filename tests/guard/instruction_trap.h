/* instruction_trap.h: memory in which each access traps, is decoded, and made by a single step. One thread. */
#ifndef FREEHOLD_TESTS_INSTRUCTION_TRAP_H
#define FREEHOLD_TESTS_INSTRUCTION_TRAP_H

#include "guard/instruction.h"

/* Told of each access before it happens. */
typedef void trap_visitor(const ucontext_t *context, const struct instruction *instruction);

struct trap_counts {
  unsigned traps;
  unsigned undecoded;   /* instruction_read said no */
  unsigned unexplained; /* the address that faulted is in no access told, or in none of its direction */
};
extern struct trap_counts trap_counts;

void trap_start(void);
/* From now on, and no longer. Whole pages. */
void trap_close(void *start, size_t bytes, trap_visitor *visitor);
void trap_open(void);

#endif
