/*
 * object.h: the checked object at an address, guarded or fenced; the checker's one way from a pointer to an object.
 */
#ifndef FREEHOLD_CHECK_OBJECT_H
#define FREEHOLD_CHECK_OBJECT_H

#include "guard/guard.h"
#include "record/report.h"

enum checked_where {
  CHECKED_NOWHERE, /* not memory of the checker: a stack, a global, a mapping of the program's own */
  CHECKED_INSIDE,  /* in a live object, or exactly its end when it has no bytes */
  CHECKED_BEFORE,  /* in what belongs to a live object's slot, before its start */
  CHECKED_BEYOND,  /* the same, at its end or after */
  CHECKED_FREED,   /* in an object that was freed, or around it */
  CHECKED_EMPTY,   /* in the heap, but no object was ever there */
};

struct checked {
  enum checked_where where;
  struct object_record *record; /* of INSIDE, BEFORE, BEYOND, FREED */
};

/* Any value is safe to ask for. Async-signal-safe. */
struct checked checked_at(uintptr_t address);

/* Calls `visit` for every live object until it gives false. The caller sees to it that nothing changes meanwhile. */
void checked_each_live(bool (*visit)(void *context, struct object_record *record), void *context);

#endif
