#include "trace/registers.h"

void registers_of_place(struct registers *registers, struct stack_place place) {
  registers->pc = place.pc;
  registers->known = 0;
  register_set(registers, REGISTER_SP, place.sp);
  register_set(registers, REGISTER_FP, place.fp);
#if defined(__x86_64__)
  register_set(registers, REGISTER_RETURN, place.pc);
#endif
}

#if defined(__x86_64__)

void registers_of_context(struct registers *registers, const ucontext_t *context) {
  static const uint8_t places[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                   REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  _Static_assert(ARRAY_LENGTH(places) == REGISTER_COUNT, "a place for each register");
  registers->known = 0;
  for (unsigned number = 0; number < REGISTER_COUNT; number++)
    register_set(registers, number, (uintptr_t)context->uc_mcontext.gregs[places[number]]);
  registers->pc = registers->value[REGISTER_RETURN];
}

#elif defined(__aarch64__)

void registers_of_context(struct registers *registers, const ucontext_t *context) {
  registers->known = 0;
  for (unsigned number = 0; number < REGISTER_SP; number++)
    register_set(registers, number, context->uc_mcontext.regs[number]);
  register_set(registers, REGISTER_SP, context->uc_mcontext.sp);
  registers->pc = context->uc_mcontext.pc;
}

#endif
