/* mappings.h: the text of /proc/PID/maps as a table: which file's which byte is at an address? */
#ifndef FREEHOLD_REPORT_MAPPINGS_H
#define FREEHOLD_REPORT_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool/report/build_id.h"

struct mapping {
  uint64_t start, end, offset;
  char *path;   /* of the file; "" for memory without one; "[stack]" and the like as the kernel writes them */
  bool deleted; /* the file was gone from this path */
  uint64_t module_start;    /* of the file's first mapping, that of its beginning; 0: not known, and so is the id */
  struct build_id build_id; /* of the file, as it was in memory */
};

struct mappings {
  struct mapping *all; /* by address */
  size_t count, room;
};

/* Lines that make no sense are left out. */
struct mappings mappings_parse(const char *text, size_t bytes);
void mappings_destroy(struct mappings *mappings);
/* Takes over what a record says of the modules. */
void mappings_take_build_ids(struct mappings *mappings, const struct fh_build_id *ids, size_t count);
/* NULL when nothing is mapped there. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

#endif
