/*
 * instruction_address.h: the state that a signal's context holds, by the numbers that instructions have for it.
 * Async-signal-safe. x86-64 alone.
 */
#ifndef FREEHOLD_GUARD_INSTRUCTION_ADDRESS_H
#define FREEHOLD_GUARD_INSTRUCTION_ADDRESS_H

#include "guard/instruction_decode.h"

#include <ucontext.h>

enum { GENERAL_REGISTERS = 16, VECTOR_REGISTERS = 32, VECTOR_BYTES_MOST = 64 };

uint64_t context_general(const ucontext_t *context, unsigned number);
/* The first `bytes` (at most VECTOR_BYTES_MOST) of a vector register. False when the context doesn't have them. */
bool context_vector(const ucontext_t *context, unsigned number, uint8_t *to, size_t bytes);
/* A mask register of AVX-512. */
bool context_mask(const ucontext_t *context, unsigned number, uint64_t *mask);

/* The address that ModRM means without base, index and segment's base: for what is relative, from `pc` on. */
uint64_t address_constant(const struct decoded_instruction *decoded, uint64_t pc);
/* Cuts to 32 bits where the instruction says so, and adds the segment's base. */
uint64_t address_finish(const struct decoded_instruction *decoded, uint64_t address);

/* Sizes that the processor tells. */
INTERNAL extern unsigned state_bytes, state_bytes_compact;
void context_start(void);

#endif
