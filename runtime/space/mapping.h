/* mapping.h: what is mapped at an address, as /proc/self/maps says. Allocates nothing; async-signal-safe. */
#ifndef FREEHOLD_SPACE_MAPPING_H
#define FREEHOLD_SPACE_MAPPING_H

#include "base/bits.h"

struct mapping {
  bool found;
  uintptr_t start, end;
  uint64_t file_offset;
  char permissions[5]; /* "rw-p" */
  char name[128];      /* a path, "[heap]", ""; cut where it is longer */
};

/* The mapping that `address` lies in; with none, found is false, and start and end are those of the next one above (0 when
 * there is none). */
struct mapping mapping_find(uintptr_t address);

/* Calls `visit` for each mapping, lowest first, until it gives false. */
void mapping_each(bool (*visit)(void *context, const struct mapping *mapping), void *context);

#endif
