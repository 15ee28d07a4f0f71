#include "heap/object.h"

struct object object_at(const void *pointer) {
  uintptr_t address = (uintptr_t)pointer;
  struct object object = {.kind = OBJECT_FOREIGN};
  if (!space_contains(address))
    return object;
  struct span *span = __atomic_load_n(&space_table[slice_of(address)], __ATOMIC_ACQUIRE);
  object.kind = OBJECT_NOWHERE;
  if (span->kind == FH_SPAN_SMALL) {
    uint32_t offset = (uint32_t)(address - span->start);
    uint32_t index = span_slot_around(span, offset);
    if (index >= span->capacity)
      return object;
    object.span = span;
    object.index = index;
    object.bytes = span->object_bytes;
    object.start = span->start + index * object.bytes;
    object.kind = object.start == address ? OBJECT_SMALL : OBJECT_INTERIOR;
    object.live = span_slot_is_live(span, index);
  } else if (span->kind == FH_SPAN_LARGE) {
    object.span = span;
    object.bytes = span->object_bytes;
    object.start = span->start;
    object.kind = object.start == address ? OBJECT_LARGE : OBJECT_INTERIOR;
    object.live = address - span->start < span->object_bytes;
    if (!object.live)
      object.kind = OBJECT_NOWHERE;
  }
  return object;
}
