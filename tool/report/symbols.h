/*
 * symbols.h: from a byte of an ELF file to the functions and lines of source it belongs to, over elfutils' libdw.
 *
 * Each file is opened once. Debug information is looked for in the file, by build id (also in what a debuginfod client has
 * fetched before) and by debug link; the network is never asked. A file with another build id than what ran is not
 * looked at. What is missing or damaged makes the answer shorter: lines, else the function's name from the symbol table,
 * else nothing.
 */
#ifndef FREEHOLD_REPORT_SYMBOLS_H
#define FREEHOLD_REPORT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool/report/build_id.h"

struct symbols;

struct symbols *symbols_create(void);
void symbols_destroy(struct symbols *symbols);

/* One function at a place: where functions were inlined there are several, the innermost first. The strings belong to
 * `symbols`. */
struct symbol_place {
  const char *function; /* demangled; NULL: not known */
  const char *file;     /* of the source; NULL: not known */
  int line, column;     /* 0: not known */
  bool inlined;         /* into the next one */
};

/* Where an instruction is. */
struct symbol_module {
  const char *path;         /* "": the file is gone */
  struct build_id build_id; /* of what ran; of 0 bytes when that is not known */
  uint64_t from_start;      /* the instruction's distance from the module's beginning in memory; 0: not known */
};

/* A file that is not the one that ran any more: NULL behind the last. What is known of it then came from files that are kept
 * by build id, or is nothing. */
const char *symbols_changed(const struct symbols *symbols, size_t index);

/* The places of the instruction at `offset` in the file. Writes up to `most` and returns how many; 0 when nothing is
 * known. */
size_t symbols_find(struct symbols *symbols, const struct symbol_module *module, uint64_t offset,
                    struct symbol_place *places, size_t most);

#endif
