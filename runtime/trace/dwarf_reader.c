#include "trace/dwarf_reader.h"

uint64_t dwarf_unsigned(struct dwarf_reader *reader) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = dwarf_byte(reader);
    if (shift < 64)
      value |= (uint64_t)(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0)
      return value;
  }
}

int64_t dwarf_signed(struct dwarf_reader *reader) {
  uint64_t value = 0;
  unsigned shift = 0;
  uint8_t byte;
  do {
    byte = dwarf_byte(reader);
    if (shift < 64)
      value |= (uint64_t)(byte & 0x7f) << shift;
    shift += 7;
  } while ((byte & 0x80) != 0);
  if (shift < 64 && (byte & 0x40) != 0)
    value |= ~(uint64_t)0 << shift;
  return (int64_t)value;
}

uintptr_t dwarf_pointer(struct dwarf_reader *reader, uint8_t written, uintptr_t data) {
  uintptr_t here = (uintptr_t)reader->at, value = 0;
  switch (written & POINTER_FORMAT_BITS) {
  case POINTER_ABSOLUTE:
  case POINTER_U64:
  case POINTER_S64:
    value = dwarf_bytes(reader, 8);
    break;
  case POINTER_ULEB:
    value = dwarf_unsigned(reader);
    break;
  case POINTER_SLEB:
    value = (uintptr_t)dwarf_signed(reader);
    break;
  case POINTER_U16:
    value = dwarf_bytes(reader, 2);
    break;
  case POINTER_S16:
    value = (uintptr_t)(intptr_t)(int16_t)dwarf_bytes(reader, 2);
    break;
  case POINTER_U32:
    value = dwarf_bytes(reader, 4);
    break;
  case POINTER_S32:
    value = (uintptr_t)(intptr_t)(int32_t)dwarf_bytes(reader, 4);
    break;
  default:
    reader->bad = true;
  }
  switch (written & POINTER_RELATION_BITS) {
  case POINTER_ABSOLUTE:
    break;
  case POINTER_TO_ITSELF:
    value += here;
    break;
  case POINTER_TO_DATA:
    value += data;
    break;
  default:
    reader->bad = true;
  }
  if ((written & POINTER_INDIRECT) != 0)
    reader->bad = true;
  return value;
}
