/*
 * object.h: a raw pointer becomes an object here, and nowhere else.
 *
 * (release() in fast.h is this function's first lines, for the one case that matters most; both go through
 * span_slot.)
 */
#ifndef FREEHOLD_HEAP_OBJECT_H
#define FREEHOLD_HEAP_OBJECT_H

#include "heap/span.h"

enum object_kind {
  OBJECT_FOREIGN,  /* not an address of the heap */
  OBJECT_NOWHERE,  /* of the heap, but of no object: never allocated, or long given back */
  OBJECT_INTERIOR, /* inside a live object, or inside a free slot; start says of which */
  OBJECT_SMALL,    /* exactly a slot's start */
  OBJECT_LARGE,    /* exactly a large object's start */
  OBJECT_VAULT,    /* exactly the start of a live object of a vault */
  OBJECT_SAMPLED,  /* exactly the start of an object in heap/sampled.h; it has no span */
};

struct vault;

struct object {
  enum object_kind kind;
  bool live;
  struct span *span; /* of SMALL and LARGE, and of INTERIOR where it is not a vault's */
  uint32_t index;    /* of a slot */
  uintptr_t start;
  size_t bytes;
  struct vault *vault; /* the address is a vault's (vault.h), whatever its kind; else NULL */
};

/* It is the start of an object that lives. */
ALWAYS_INLINE bool object_is_exact(const struct object *object) {
  return object->live && object->kind >= OBJECT_SMALL;
}

/* The first half of object_at, for an address in space_contains: all but whether it is live. The checker, whose own records
 * know that, asks for it at every access that libc makes. */
ALWAYS_INLINE struct object object_place(uintptr_t address) {
  struct object object = {.kind = OBJECT_NOWHERE};
  struct span *span = __atomic_load_n(&space_table[slice_of(address)], __ATOMIC_ACQUIRE);
  if (LIKELY(span->kind == FH_SPAN_SMALL)) {
    uint32_t index = span_slot_around(span, (uint32_t)(address - span->start));
    if (index >= span->capacity)
      return object;
    object.span = span;
    object.index = index;
    object.bytes = span->object_bytes;
    object.start = span->start + index * object.bytes;
    object.kind = object.start == address ? OBJECT_SMALL : OBJECT_INTERIOR;
  } else if (span->kind == FH_SPAN_LARGE) {
    object.span = span;
    object.bytes = span->object_bytes;
    object.start = span->start;
    object.kind = object.start == address ? OBJECT_LARGE : OBJECT_INTERIOR;
  }
  return object;
}

/* What `address` points to. Any value is safe to ask for; what it says of an object that another thread frees
 * meanwhile may be one moment old. Async-signal-safe. */
struct object object_at(const void *address);

#endif
