/* library.h: where libfreehold.so and its kin are. */
#ifndef FREEHOLD_PROC_LIBRARY_H
#define FREEHOLD_PROC_LIBRARY_H

#include <stddef.h>

enum { LIBRARY_REASON_BYTES = 8192 };

enum library { LIBRARY_HEAP, LIBRARY_CHECK, LIBRARY_COLLECT };

/* Writes the absolute path of the library into `path` (PATH_MAX bytes): the one FREEHOLD_LIBRARY (for the checking and the
 * collecting library: FREEHOLD_CHECK_LIBRARY, FREEHOLD_COLLECT_LIBRARY) names, else beside this
 * program (../lib, lib), else where it was installed. 0, or -1 with a sentence in `reason`: where it was looked for and
 * what to do. */
int library_find(enum library which, char *path, char *reason);

#endif
