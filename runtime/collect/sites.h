/*
 * sites.h: where each object was allocated, when the option gc_report asks for it: a stack's number for every slot of the
 * heap, and with each stack a count of what was allocated there, lost, and taken back.
 *
 * What that costs is bounded: 4 bytes a slot (16 KiB of addresses a slice, touched as far as it has slots), each
 * different stack once, and on every allocation the way to its stack, most of the time out of a cache. A free costs
 * nothing: what a slot's number says of an object that was freed is overwritten by the next one.
 */
#ifndef FREEHOLD_COLLECT_SITES_H
#define FREEHOLD_COLLECT_SITES_H

#include "heap/span.h"
#include "trace/stack.h"

/* No span has more slots for a slice of its own: a number for each slot of the heap. */
#define SLOTS_PER_SLICE (SLICE_BYTES / GRANULE)
ALWAYS_INLINE size_t slot_number(const struct span *span, uint32_t index) {
  return span->first_slice * SLOTS_PER_SLICE + index;
}
/* Of the object that starts there, or that a word of it is given. */
ALWAYS_INLINE uint32_t slot_index_at(const struct span *span, uintptr_t address) {
  return span->kind == FH_SPAN_SMALL ? span_slot_around(span, (uint32_t)(address - span->start)) : 0;
}

/* From here on every allocation is noted, and what a collection takes back is counted. Once, while there is one thread.
 * False when there are no addresses for it. */
bool sites_start(void);

/* The stack that allocated slot `index` of a span; 0: not known. Async-signal-safe. */
stack_id sites_stack_of(const struct span *span, uint32_t index);

/* What was taken back of objects whose stack is not known: those from before the start. */
struct stack_site sites_unknown(void);

/* Forgets what was counted: in a child of fork, whose parent tells it. */
void sites_clear(void);

#endif
