/*
 * cycle.h: when a collection begins and how it goes from state to state; see collect.h.
 */
#ifndef FREEHOLD_COLLECT_CYCLE_H
#define FREEHOLD_COLLECT_CYCLE_H

#include "collect/collect.h"

/* From here on the heap's wants for memory may begin collections. */
void cycle_start(void);
/* Bytes that may be handed out before the first one. */
void cycle_set_allowance(size_t bytes);

#endif
