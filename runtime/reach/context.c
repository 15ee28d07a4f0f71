/* What of a ucontext_t differs from processor to processor. */
#include "reach/threads.h"

#include <string.h>

#if defined(__x86_64__)

/* Where FXSAVE's area has room for software, the kernel says how long the area really is. */
#define FXSAVE_BYTES        512
#define SOFTWARE_OFFSET     464
#define EXTENDED_MAGIC      0x46505853u
#define EXTENDED_BYTES_MOST (64 * KIB)

size_t context_registers(const ucontext_t *context, const uintptr_t **registers) {
  *registers = (const uintptr_t *)(const void *)context->uc_mcontext.gregs;
  return REG_RIP +
         1; /* behind it stand flags, and what the last fault was about: its address is nobody's reference */
}

bool context_vectors(const ucontext_t *context, uintptr_t *start, size_t *bytes) {
  const char *area = (const char *)context->uc_mcontext.fpregs;
  if (area == NULL)
    return false;
  uint32_t magic_and_bytes[2];
  memcpy(magic_and_bytes, area + SOFTWARE_OFFSET, sizeof magic_and_bytes);
  *start = (uintptr_t)area;
  *bytes = magic_and_bytes[0] == EXTENDED_MAGIC && magic_and_bytes[1] <= EXTENDED_BYTES_MOST ? magic_and_bytes[1]
                                                                                             : FXSAVE_BYTES;
  return true;
}

uintptr_t context_stack_pointer(const ucontext_t *context) {
  return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
}

#else

size_t context_registers(const ucontext_t *context, const uintptr_t **registers) {
  *registers = (const uintptr_t *)(const void *)context->uc_mcontext.regs;
  return ARRAY_LENGTH(context->uc_mcontext.regs);
}

bool context_vectors(const ucontext_t *context, uintptr_t *start, size_t *bytes) {
  *start = (uintptr_t)context->uc_mcontext.__reserved;
  *bytes = sizeof context->uc_mcontext.__reserved;
  return true;
}

uintptr_t context_stack_pointer(const ucontext_t *context) {
  return (uintptr_t)context->uc_mcontext.sp;
}

#endif
