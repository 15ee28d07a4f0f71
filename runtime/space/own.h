/*
 * own.h: which addresses the library has reserved for itself. Nothing in them is a root: they hold the heap, and what
 * describes its objects by their addresses.
 *
 * All functions are async-signal-safe and take no lock, so that they work in a copy of the process, too.
 */
#ifndef FREEHOLD_SPACE_OWN_H
#define FREEHOLD_SPACE_OWN_H

#include "base/bits.h"

/* By the kernel table's functions alone. */
void own_add(uintptr_t start, size_t bytes);
/* Any part of what was added; the rest stays. */
void own_remove(uintptr_t start, size_t bytes);

/* Range number `index`, empty where it was removed; false behind the last. */
bool own_range(size_t index, uintptr_t *start, uintptr_t *end);

#endif
