#include "guard/instruction_decode.h"

#include <string.h>

#if defined(FH_INSTRUCTION_TABLE)
#include "instruction_table.inc"

_Static_assert(ARRAY_LENGTH(instruction_rows) == (size_t)INSTRUCTION_MAPS * 256, "a row for each opcode of each map");

struct reader {
  const uint8_t *bytes;
  size_t count, at;
  bool failed;
};

static uint8_t next_byte(struct reader *reader) {
  if (reader->at >= reader->count) {
    reader->failed = true;
    return 0;
  }
  return reader->bytes[reader->at++];
}

/* A little-endian number of up to 8 bytes, sign-extended. */
static int64_t next_number(struct reader *reader, unsigned bytes) {
  uint64_t value = 0;
  if (bytes == 0)
    return 0;
  for (unsigned byte = 0; byte < bytes; byte++)
    value |= (uint64_t)next_byte(reader) << 8 * byte;
  unsigned unused = 64 - 8 * bytes;
  return (int64_t)(value << unused) >> unused;
}

/* The bits of `value` that `mask` selects, pressed together. */
static unsigned press(unsigned value, unsigned mask) {
  unsigned result = 0;
  for (unsigned to = 0; mask != 0; to++, mask &= mask - 1)
    result |= (value >> (unsigned)__builtin_ctz(mask) & 1) << to;
  return result;
}

static const struct instruction_form *form_of(unsigned map, unsigned opcode, unsigned variant) {
  const struct instruction_row *row = &instruction_rows[map * 256 + opcode];
  unsigned number = instruction_variants[row->first + press(variant, row->dimensions)];
  return number != 0 ? &instruction_forms[number] : NULL;
}

/* Legacy prefixes and REX, VEX or EVEX, up to the opcode. False for what is no instruction. */
struct prefixes {
  unsigned reg_high, index_high, base_high; /* bit 3 of register numbers, in place; EVEX: and bit 4 */
  unsigned mandatory;                       /* VEX, EVEX: none, 66, F3, F2 */
  unsigned vector_index_high, operand_high;
  bool evex, vex, broadcast;
};

static bool read_vex(struct reader *reader, unsigned escape, struct prefixes *prefixes,
                     struct decoded_instruction *decoded) {
  unsigned first = next_byte(reader), map = 1, last = first;
  prefixes->vex = true;
  prefixes->reg_high = (~first >> 7 & 1) << 3;
  if (escape == 0xc4) {
    map = first & 31;
    prefixes->index_high = (~first >> 6 & 1) << 3;
    prefixes->base_high = (~first >> 5 & 1) << 3;
    last = next_byte(reader);
    decoded->wide = last >> 7;
  }
  decoded->other_register = (uint8_t)(~last >> 3 & 15);
  decoded->vector_length = last >> 2 & 1;
  prefixes->mandatory = last & 3;
  if (map < 1 || map > 3)
    return false;
  decoded->map = (uint8_t)(MAP_VEX_0F + map - 1);
  return true;
}

static bool read_evex(struct reader *reader, struct prefixes *prefixes, struct decoded_instruction *decoded) {
  static const uint8_t maps[8] = {
      [1] = MAP_EVEX_0F, [2] = MAP_EVEX_0F38, [3] = MAP_EVEX_0F3A, [5] = MAP_EVEX_5, [6] = MAP_EVEX_6};
  unsigned first = next_byte(reader), second = next_byte(reader), third = next_byte(reader);
  if ((first & 8) != 0 || (second & 4) == 0 || maps[first & 7] == 0)
    return false;
  prefixes->vex = prefixes->evex = true;
  prefixes->reg_high = (~first >> 7 & 1) << 3 | (~first >> 4 & 1) << 4;
  prefixes->index_high = (~first >> 6 & 1) << 3;
  prefixes->base_high = (~first >> 5 & 1) << 3;
  prefixes->operand_high = prefixes->index_high << 1;
  prefixes->vector_index_high = (~third >> 3 & 1) << 4;
  prefixes->mandatory = second & 3;
  prefixes->broadcast = third >> 4 & 1;
  decoded->map = maps[first & 7];
  decoded->wide = second >> 7;
  decoded->other_register = (uint8_t)((~second >> 3 & 15) | prefixes->vector_index_high);
  decoded->vector_length = third >> 5 & 3;
  decoded->mask = third & 7;
  return true;
}

static bool read_prefixes(struct reader *reader, struct prefixes *prefixes, struct decoded_instruction *decoded) {
  unsigned rex = 0;
  for (;;) {
    unsigned byte = next_byte(reader);
    if (reader->failed)
      return false;
    switch (byte) {
    case 0x66:
      decoded->operand16 = true;
      break;
    case 0x67:
      decoded->address32 = true;
      break;
    case 0xf2:
    case 0xf3:
      decoded->repeat = (uint8_t)byte;
      break;
    case 0x64:
      decoded->segment = SEGMENT_FS;
      break;
    case 0x65:
      decoded->segment = SEGMENT_GS;
      break;
    /* In 64-bit mode these don't count, not even against an earlier fs or gs. */
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0xf0:
      break;
    default:
      if ((byte & 0xf0) == 0x40) {
        rex = byte;
        continue; /* counts only right before the opcode */
      }
      decoded->extended = rex != 0;
      if (byte == 0xc4 || byte == 0xc5 || byte == 0x62) {
        if (rex != 0 || decoded->operand16 || decoded->repeat != 0)
          return false;
        decoded->extended = true;
        bool fits = byte == 0x62 ? read_evex(reader, prefixes, decoded) : read_vex(reader, byte, prefixes, decoded);
        decoded->opcode = next_byte(reader);
        return fits;
      }
      decoded->wide = rex >> 3 & 1;
      prefixes->reg_high = (rex & 4) << 1;
      prefixes->index_high = (rex & 2) << 2;
      prefixes->base_high = (rex & 1) << 3;
      decoded->map = MAP_ONE_BYTE;
      if (byte == 0x0f) {
        decoded->map = MAP_0F;
        byte = next_byte(reader);
        if (byte == 0x38 || byte == 0x3a) {
          decoded->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
          byte = next_byte(reader);
        }
      }
      decoded->opcode = (uint8_t)byte;
      return true;
    }
    rex = 0;
  }
}

static void read_memory(struct reader *reader, const struct prefixes *prefixes, unsigned modrm,
                        struct decoded_instruction *decoded) {
  unsigned mode = modrm >> 6, low = modrm & 7;
  const struct instruction_form *form = decoded->form;
  decoded->has_memory = true;
  if (low == 4) {
    unsigned sib = next_byte(reader);
    unsigned index = (sib >> 3 & 7) | prefixes->index_high;
    decoded->scale = (uint8_t)(sib >> 6);
    decoded->vector_index = (uint8_t)(index | prefixes->vector_index_high);
    decoded->index = index == REGISTER_RSP ? REGISTER_NONE : (uint8_t)index;
    if (form->index_bytes != 0)
      decoded->index = REGISTER_NONE;
    low = sib & 7;
    if (low == 5 && mode == 0)
      decoded->displacement = next_number(reader, 4);
    else
      decoded->base = (uint8_t)(low | prefixes->base_high);
  } else if (low == 5 && mode == 0) {
    decoded->relative = true;
    decoded->displacement = next_number(reader, 4);
  } else {
    decoded->base = (uint8_t)(low | prefixes->base_high);
  }
  if (mode == 1)
    decoded->displacement = (int64_t)((uint64_t)next_number(reader, 1) << (prefixes->evex ? form->offset_shift : 0));
  else if (mode == 2)
    decoded->displacement = next_number(reader, 4);
}

bool instruction_decode(const uint8_t *bytes, size_t count, struct decoded_instruction *decoded) {
  struct reader reader = {.bytes = bytes, .count = count < INSTRUCTION_BYTES_MOST ? count : INSTRUCTION_BYTES_MOST};
  struct prefixes prefixes = {0};
  memset(decoded, 0, sizeof *decoded);
  decoded->base = decoded->index = REGISTER_NONE;
  if (!read_prefixes(&reader, &prefixes, decoded))
    return false;
  /* Whether ModRM is there is in the form, and which form it is may depend on ModRM; but whether it is there doesn't. */
  unsigned modrm = reader.at < reader.count ? reader.bytes[reader.at] : 0xc0;
  unsigned variant = (modrm >> 3 & 7) << VARIANT_REGISTER_SHIFT;
  variant |= (decoded->wide ? VARIANT_WIDE : 0) | (modrm < 0xc0 ? VARIANT_MEMORY : 0);
  if (prefixes.vex) {
    unsigned length = decoded->vector_length;
    /* With registers alone, EVEX.b is a rounding mode or the like, and L'L belongs to it. */
    if (prefixes.broadcast)
      variant |= VARIANT_BROADCAST;
    variant |= length << VARIANT_LENGTH_SHIFT | prefixes.mandatory << VARIANT_PREFIX_SHIFT;
  } else {
    unsigned repeat = decoded->repeat == 0 ? 0 : decoded->repeat == 0xf3 ? 1 : 2;
    variant |= repeat << VARIANT_PREFIX_SHIFT | (decoded->operand16 ? 1u : 0u) << VARIANT_LENGTH_SHIFT;
  }
  const struct instruction_form *form = form_of(decoded->map, decoded->opcode, variant);
  if (form == NULL)
    return false;
  decoded->form = form;
  decoded->opcode_register = (uint8_t)((decoded->opcode & 7) | prefixes.base_high);
  unsigned immediate_bytes = form->immediate_bytes;
  if (form->traits & FORM_HAS_MODRM) {
    modrm = next_byte(&reader);
    decoded->modrm_register = (uint8_t)((modrm >> 3 & 7) | prefixes.reg_high);
    decoded->modrm_operand = (uint8_t)((modrm & 7) | prefixes.base_high | prefixes.operand_high);
    if (modrm < 0xc0)
      read_memory(&reader, &prefixes, modrm, decoded);
  } else if (form->traits & FORM_OFFSET) {
    decoded->has_memory = true;
    uint64_t address = (uint64_t)next_number(&reader, decoded->address32 ? 4 : 8);
    decoded->displacement = (int64_t)(decoded->address32 ? (uint32_t)address : address);
    immediate_bytes = 0;
  }
  decoded->immediate = next_number(&reader, immediate_bytes);
  decoded->length = (uint8_t)reader.at;
  return !reader.failed;
}

#else

bool instruction_decode(const uint8_t *bytes, size_t count, struct decoded_instruction *decoded) {
  (void)bytes;
  (void)count;
  memset(decoded, 0, sizeof *decoded);
  return false;
}

#endif
