/* start.h: the library's beginning. The first allocation, from whatever constructor or loader code it comes, starts the
 * heap; the library's own constructor adds the hooks that need a working libc. */
#ifndef FREEHOLD_HEAP_START_H
#define FREEHOLD_HEAP_START_H

#include "base/bits.h"

/* False when there are no addresses to be had: every allocation fails then. Thread-safe; idempotent. */
bool heap_start(void);
bool heap_started(void);

#endif
