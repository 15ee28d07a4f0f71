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
};

struct object {
  enum object_kind kind;
  bool live;
  struct span *span; /* of INTERIOR, SMALL and LARGE */
  uint32_t index;    /* of a slot */
  uintptr_t start;
  size_t bytes;
};

/* What `address` points to. Any value is safe to ask for; what it says of an object that another thread frees
 * meanwhile may be one moment old. Async-signal-safe. */
struct object object_at(const void *address);

#endif
