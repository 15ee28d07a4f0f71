/* registers.h: the registers that unwinding follows, numbered as DWARF numbers them for the processor. */
#ifndef FREEHOLD_TRACE_REGISTERS_H
#define FREEHOLD_TRACE_REGISTERS_H

#include "base/bits.h"
#include "trace/stack.h"

#if defined(__x86_64__)
enum { REGISTER_FP = 6, REGISTER_SP = 7, REGISTER_RETURN = 16, REGISTER_COUNT = 17 };
#elif defined(__aarch64__)
enum { REGISTER_FP = 29, REGISTER_RETURN = 30, REGISTER_SP = 31, REGISTER_COUNT = 32 };
#endif

/* `known` has a bit for each value that is the frame's own. */
struct registers {
  uintptr_t pc;
  uint64_t known;
  uintptr_t value[REGISTER_COUNT];
};

#define REGISTER_BIT(number) ((uint64_t)1 << (number))

ALWAYS_INLINE bool register_known(const struct registers *registers, uint64_t number) {
  return number < REGISTER_COUNT && (registers->known & REGISTER_BIT(number)) != 0;
}

ALWAYS_INLINE void register_set(struct registers *registers, unsigned number, uintptr_t value) {
  registers->value[number] = value;
  registers->known |= REGISTER_BIT(number);
}

/* Of a place only pc, sp and fp are known. */
void registers_of_place(struct registers *registers, struct stack_place place);
void registers_of_context(struct registers *registers, const ucontext_t *context);

#endif
