/*
 * instruction_decode.h: the bytes of one x86-64 instruction, taken apart. Async-signal-safe; touches nothing but its arguments.
 */
#ifndef FREEHOLD_GUARD_INSTRUCTION_DECODE_H
#define FREEHOLD_GUARD_INSTRUCTION_DECODE_H

#include "base/bits.h"
#include "guard/instruction_form.h"

enum { INSTRUCTION_BYTES_MOST = 15, REGISTER_NONE = 255 };

enum {
  REGISTER_RAX,
  REGISTER_RCX,
  REGISTER_RDX,
  REGISTER_RBX,
  REGISTER_RSP,
  REGISTER_RBP,
  REGISTER_RSI,
  REGISTER_RDI
};

enum instruction_segment { SEGMENT_NONE, SEGMENT_FS, SEGMENT_GS };

struct decoded_instruction {
  const struct instruction_form *form;
  uint8_t length;
  uint8_t map; /* enum instruction_map */
  uint8_t opcode;
  uint8_t repeat; /* 0, 0xf3 or 0xf2 */
  bool operand16; /* the prefix 66 */
  bool address32; /* the prefix 67 */
  bool wide;      /* W */
  bool extended;  /* a REX prefix: the numbers 4 to 7 of bytes are spl to dil, not ah to bh */
  uint8_t segment;
  /* Registers by number; a register that ModRM or an index names has its extension bits. */
  uint8_t modrm_register, modrm_operand, other_register, opcode_register;
  bool has_memory;            /* ModRM, or an address in the place of an immediate, names memory */
  bool relative;              /* the displacement counts from the next instruction */
  uint8_t base, index, scale; /* REGISTER_NONE; scale is a power of two's exponent */
  uint8_t vector_index;       /* a gather's index */
  uint8_t vector_length;      /* 0: 16 bytes, 1: 32, 2: 64 */
  uint8_t mask;               /* EVEX.aaa */
  int64_t displacement;       /* or the whole address */
  int64_t immediate;          /* sign-extended; of two, both, the first one lowest */
};

/* Takes apart the instruction at the start of `count` readable bytes. False when there is none, or one that the table
 * doesn't have, or when it is longer than `count`. */
bool instruction_decode(const uint8_t *bytes, size_t count, struct decoded_instruction *decoded);

#endif
