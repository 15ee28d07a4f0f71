/*
 * build_id.h: what tells one build of a program from another, and where files are kept by it.
 */
#ifndef FREEHOLD_REPORT_BUILD_ID_H
#define FREEHOLD_REPORT_BUILD_ID_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/report.h"

struct build_id {
  size_t bytes; /* 0: not known */
  uint8_t id[FH_BUILD_ID_BYTES];
};

/* That of an ELF file: the note of type NT_GNU_BUILD_ID. Of 0 bytes when there is none, or it is longer than any we know. */
struct build_id build_id_of(Elf *elf);
/* Both are known and not the same. */
bool build_ids_differ(const struct build_id *one, const struct build_id *other);

/* The paths at which a file of that id may be: the debug directories of the system, and what a debuginfod client has
 * fetched before. `debug`: the file of debug information; else the program or library itself. Writes the path number
 * `index` and gives true, or false behind the last. */
bool build_id_path(const struct build_id *id, bool debug, size_t index, char *path, size_t room);

#endif
