/*
 * instruction_form.h: what there is to know of an x86-64 instruction beyond its registers and its address, as a table.
 *
 * The table is generated when the library is built, by scripts/instruction_table.c, which asks Zydis about every opcode.
 * A *row* is what one opcode byte of one opcode map can mean. Its *variants* are told apart by the bits below (prefixes,
 * W, L, ModRM), of which a row keeps only those that make a difference: `dimensions`. A variant is the number of a *form*;
 * form 0 is no instruction.
 */
#ifndef FREEHOLD_GUARD_INSTRUCTION_FORM_H
#define FREEHOLD_GUARD_INSTRUCTION_FORM_H

#include <stdint.h>

/* The opcode maps, in the order of the rows: 256 rows each. */
enum instruction_map {
  MAP_ONE_BYTE,
  MAP_0F,
  MAP_0F38,
  MAP_0F3A,
  MAP_VEX_0F,
  MAP_VEX_0F38,
  MAP_VEX_0F3A,
  MAP_EVEX_0F,
  MAP_EVEX_0F38,
  MAP_EVEX_0F3A,
  MAP_EVEX_5,
  MAP_EVEX_6,
  INSTRUCTION_MAPS
};

/* The bits of a variant. The first two mean the mandatory prefix (none, 66, F3, F2) in VEX and EVEX, and the prefix F3 or
 * F2 (0, 1, 2) in the other maps, where 66 stands apart. */
enum {
  VARIANT_PREFIX_SHIFT = 0,
  VARIANT_REGISTER_SHIFT = 2, /* ModRM.reg without its extension */
  VARIANT_WIDE = 1 << 5,      /* W */
  VARIANT_MEMORY = 1 << 6,    /* ModRM means memory */
  VARIANT_LENGTH_SHIFT = 7,   /* L or L'L; the prefix 66 in the other maps */
  VARIANT_BROADCAST = 1 << 9, /* EVEX.b */
  VARIANT_BITS = 10
};

enum form_kind {
  FORM_PLAIN,   /* nothing special about its flow or its memory */
  FORM_UNKNOWN, /* its memory operands are beyond us */
  FORM_CALL,
  FORM_JUMP,
  FORM_CONDITIONAL_JUMP,
  FORM_RETURN,
  FORM_SYSCALL,
  FORM_STOP,    /* the next instruction is not reached, or not soon: ud2, hlt, int */
  FORM_ADDRESS, /* lea */
  FORM_EXCHANGE,
  FORM_STRING,
  FORM_STRING_COMPARE, /* cmps and scas: may end early under a prefix */
  FORM_ENTER,
  FORM_LEAVE,
  FORM_BIT,            /* bt and its kin with a register for the offset: it reaches outside of the operand */
  FORM_TABLE,          /* xlat */
  FORM_ADD_OR_COMPARE, /* inc, dec, neg, add, sub, adc, sbb, xadd, cmpxchg */
  FORM_AND,            /* and with a mask of zero clears, or with all ones sets */
  FORM_OR,
  FORM_SAVE_STATE,
  FORM_SAVE_STATE_COMPACT,
  FORM_RESTORE_STATE,
  FORM_VECTOR_MASKED, /* vmaskmov, vpmaskmov: lanes whose sign bit is set in vvvv */
  FORM_BYTES_MASKED,  /* maskmovq, maskmovdqu: [rdi] */
  FORM_GATHER_VECTOR, /* AVX2: lanes whose sign bit is set in vvvv */
  FORM_GATHER,        /* AVX-512, scatter too: lanes of the mask register */
  FORM_COMPRESS,      /* as many lanes as the mask register has bits, one behind the other; expand too */
};

/* Bits of `traits`. */
enum {
  FORM_HAS_MODRM = 1 << 0,
  FORM_READS = 1 << 1, /* the explicit memory operand */
  FORM_WRITES = 1 << 2,
  FORM_READS_FLAGS = 1 << 3,
  FORM_WRITES_FLAGS = 1 << 4,
  FORM_VECTOR = 1 << 5,
  FORM_LANES_MASKED = 1 << 6,  /* lanes that EVEX.aaa leaves out are not accessed */
  FORM_COMPARES = 1 << 7,      /* writes flags and nothing else */
  FORM_ZERO_IDIOM = 1 << 8,    /* the result does not depend on an operand combined with itself */
  FORM_OFFSET = 1 << 9,        /* the address stands where an immediate would: mov al, [moffs] */
  FORM_READS_SOURCE = 1 << 10, /* [rsi] */
  FORM_READS_TARGET = 1 << 11, /* [rdi] */
  FORM_WRITES_TARGET = 1 << 12,
  FORM_READS_XMM0 = 1 << 13,
  FORM_REGISTER_IN_IMMEDIATE = 1 << 14, /* bits 7..4 name a vector register, which is read */
};

/* How an instruction uses a register operand: one byte. */
enum {
  ROLE_CLASS = 3, /* a mask */
  ROLE_NONE = 0,
  ROLE_GENERAL = 1,
  ROLE_VECTOR = 2,
  ROLE_OTHER = 3,
  ROLE_READ = 1 << 2,
  ROLE_WRITE = 1 << 3,
  ROLE_SIZE_SHIFT = 4, /* of a general register: the power of two of its bytes */
};

struct instruction_form {
  uint16_t traits;
  uint16_t bytes;          /* of the memory operand */
  uint16_t implicit_reads; /* general registers by number, the stack pointer of stack operations left out */
  uint16_t implicit_writes;
  uint8_t kind;
  uint8_t immediate_bytes;
  uint8_t stack_reads, stack_writes; /* bytes above, or below, the stack pointer */
  uint8_t element_bytes;             /* of a lane or of a string's element */
  uint8_t index_bytes;               /* of a gather's indices */
  uint8_t offset_shift;              /* what an 8-bit displacement is multiplied by */
  uint8_t modrm_register;            /* roles */
  uint8_t modrm_operand;
  uint8_t other_register; /* VEX.vvvv */
  uint8_t opcode_register;
};

struct instruction_row {
  uint16_t dimensions; /* the bits of a variant that matter */
  uint32_t first;      /* in the variants; the bits that matter, pressed together, count from there */
};

#endif
