/*
 * mapping_lines.h: /proc/self/maps line by line, for whoever makes a table of it. Allocates nothing; async-signal-safe.
 */
#ifndef FREEHOLD_SPACE_MAPPING_LINES_H
#define FREEHOLD_SPACE_MAPPING_LINES_H

#include "base/bits.h"

struct mapping_line {
  uintptr_t start, end;
  uint64_t file_offset;
  uint64_t file; /* differs between any two files; 0: there is none */
  bool readable, writable, executable, shared;
  const char *path, *path_end; /* as the kernel writes it: also "[heap]", "[anon:name]", or nothing */
};

/* Reads "start-end rwxp offset major:minor inode   path", without a newline, up to `end`. False when it is no such line. */
bool mapping_line_parse(const char *line, const char *end, struct mapping_line *mapping);

/* Calls `take` for each line, lowest address first, until it gives false. Lines go through `buffer`; a path that doesn't
 * fit into it is cut. At least 128 bytes. False when the file can't be read. */
bool mapping_lines(bool (*take)(void *context, const struct mapping_line *mapping), void *context, char *buffer,
                   size_t bytes);

#endif
