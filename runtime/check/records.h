/*
 * records.h: the records of fenced objects: one for each slot of a span of the heap, in blocks outside of it, found by the
 * span's slice.
 */
#ifndef FREEHOLD_CHECK_RECORDS_H
#define FREEHOLD_CHECK_RECORDS_H

#include "guard/guard.h"
#include "heap/span.h"

/* False when there are no addresses for the directory. */
bool records_start(void);

/* The record of slot `index`; NULL when none was made. Async-signal-safe. */
struct object_record *records_find(const struct span *span, uint32_t index);

/* The same, made if need be; NULL when there is no memory. The slot is the caller's. */
struct object_record *records_make(const struct span *span, uint32_t index);

/* Calls `visit` for every record, until it gives false. */
void records_each(bool (*visit)(void *context, struct object_record *record), void *context);

void records_before_fork(void);
void records_after_fork(bool in_child);

#endif
