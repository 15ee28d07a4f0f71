/*
 * symbols.h: from a byte of an ELF file to the functions and lines of source it belongs to, over elfutils' libdw.
 *
 * Each file is opened once. Debug information is looked for in the file, by build id and by debug link; the network is
 * never asked. What is missing or damaged makes the answer shorter: lines, else the function's name from the symbol
 * table, else nothing.
 */
#ifndef FREEHOLD_REPORT_SYMBOLS_H
#define FREEHOLD_REPORT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* The places of the instruction at `offset` in the file. Writes up to `most` and returns how many; 0 when nothing is
 * known. */
size_t symbols_find(struct symbols *symbols, const char *path, uint64_t offset, struct symbol_place *places,
                    size_t most);

#endif
