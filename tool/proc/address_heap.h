/* address_heap.h: which regions are of the Freehold heap. */
#ifndef FREEHOLD_PROC_ADDRESS_HEAP_H
#define FREEHOLD_PROC_ADDRESS_HEAP_H

#include "tool/proc/address_lines.h"

/* Gives the regions of the heap's space (slices, descriptions, guards, reserve) their kinds, and cuts those in two
 * that serve two purposes. The heap's own figures say where it is: not every kernel lets mappings have names.
 * False without memory. */
bool address_heap_mark(struct address_regions *regions, const struct heap_view *heap);

/* The same for the stretch of objects on guarded pages that a checked program has. */
bool address_heap_mark_guarded(pid_t pid, struct address_regions *regions);

#endif
