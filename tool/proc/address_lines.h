/* address_lines.h: /proc/PID/maps as a list of regions, each with its purpose as far as the text tells it. */
#ifndef FREEHOLD_PROC_ADDRESS_LINES_H
#define FREEHOLD_PROC_ADDRESS_LINES_H

#include "tool/proc/address_space.h"

struct address_regions {
  struct address_region *all; /* by address */
  size_t count, room;
};

/* 0, ESRCH, EACCES, EPERM or ENOMEM; after an error there is nothing to free. */
int address_lines_read(pid_t pid, struct address_regions *out);
void address_regions_free(struct address_regions *regions);

/* What `text`, of `bytes` bytes, says in the form of /proc/PID/maps. False without memory. Lines that make no
 * sense are left out. */
bool address_lines_parse(const char *text, size_t bytes, struct address_regions *out);

/* Cuts the region at `index` in two at `address`, which is inside of it. False without memory. */
bool address_regions_split(struct address_regions *regions, size_t index, uint64_t address);

/* The index of the region that `address` is in; SIZE_MAX for none. */
size_t address_regions_find(const struct address_region *regions, size_t count, uint64_t address);

#endif
