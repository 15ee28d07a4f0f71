/* build_ids.h: the build ids of the modules in memory. Allocates nothing, faults on nothing; async-signal-safe. */
#ifndef FREEHOLD_TELL_BUILD_IDS_H
#define FREEHOLD_TELL_BUILD_IDS_H

#include "record/report.h"

#include <stddef.h>

/* Fills `record`, of which there is room for `bytes` bytes, with those of the modules that the text of /proc/self/maps
 * names; those that have none are left out, and so is what doesn't fit. The head has type and length then. */
void build_ids_collect(const char *text, size_t length, struct fh_record_build_ids *record, size_t bytes);

#endif
