/*
 * depot.h: stacks stored once, by id.
 *
 * A stack's id is where its record is in one stretch of addresses, in units of RECORD_UNIT. Records hang in trees,
 * four branches to a record, chosen by two bits of the hash at a time; the first bits choose the tree. Nothing is
 * ever taken out or moved, so that finding takes no lock and adding is one compare-and-exchange, also in a signal
 * handler that interrupts another one. A child of fork goes on with a copy.
 */
#ifndef FREEHOLD_TRACE_DEPOT_H
#define FREEHOLD_TRACE_DEPOT_H

#include "trace/stack.h"

/* The bytes of the stretch that are in use. */
size_t depot_bytes(void);
/* Gives the stretch back and starts anew: for tests, while nobody else uses it. */
void depot_reset(void);

#endif
