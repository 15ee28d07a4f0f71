/* dwarf_reader.h: numbers as DWARF writes them, read in order and never beyond an end. */
#ifndef FREEHOLD_TRACE_DWARF_READER_H
#define FREEHOLD_TRACE_DWARF_READER_H

#include "base/bits.h"

/* Once `bad` is set everything reads as zero, so that it need be looked at only at the end. */
struct dwarf_reader {
  const uint8_t *at, *end;
  bool bad;
};

/* How a pointer is written: the low half a format, then what it is relative to. */
enum {
  POINTER_ABSOLUTE = 0x00,
  POINTER_ULEB = 0x01,
  POINTER_U16 = 0x02,
  POINTER_U32 = 0x03,
  POINTER_U64 = 0x04,
  POINTER_SLEB = 0x09,
  POINTER_S16 = 0x0a,
  POINTER_S32 = 0x0b,
  POINTER_S64 = 0x0c,
  POINTER_FORMAT_BITS = 0x0f,
  POINTER_TO_ITSELF = 0x10, /* relative to where it stands */
  POINTER_TO_DATA = 0x30,   /* relative to .eh_frame_hdr */
  POINTER_RELATION_BITS = 0x70,
  POINTER_INDIRECT = 0x80,
  POINTER_OMITTED = 0xff,
};

ALWAYS_INLINE uint64_t dwarf_bytes(struct dwarf_reader *reader, size_t bytes) {
  uint64_t value = 0;
  if ((size_t)(reader->end - reader->at) < bytes) {
    reader->bad = true;
    reader->at = reader->end;
    return 0;
  }
  __builtin_memcpy(&value, reader->at, bytes);
  reader->at += bytes;
  return value;
}

ALWAYS_INLINE uint8_t dwarf_byte(struct dwarf_reader *reader) {
  return (uint8_t)dwarf_bytes(reader, 1);
}

ALWAYS_INLINE void dwarf_skip(struct dwarf_reader *reader, uint64_t bytes) {
  if ((uint64_t)(reader->end - reader->at) < bytes) {
    reader->bad = true;
    reader->at = reader->end;
  } else {
    reader->at += bytes;
  }
}

uint64_t dwarf_unsigned(struct dwarf_reader *reader); /* LEB128 */
int64_t dwarf_signed(struct dwarf_reader *reader);
/* `data` is what POINTER_TO_DATA is relative to. An indirect pointer is not followed, and bad. */
uintptr_t dwarf_pointer(struct dwarf_reader *reader, uint8_t written, uintptr_t data);

#endif
