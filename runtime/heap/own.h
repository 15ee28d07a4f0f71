/* own.h: heaps of one's own (fh_heap_create), beyond what every heap does. */
#ifndef FREEHOLD_HEAP_OWN_H
#define FREEHOLD_HEAP_OWN_H

#include "heap/heap.h"

struct own_totals {
  size_t live_objects, live_bytes;
};

/* What is live in it. Takes its lock. */
struct own_totals own_heap_count(struct heap *heap);

#endif
