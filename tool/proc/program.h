/*
 * program.h: finding the program that is to be run, and whether a library preloaded into it would take effect.
 *
 * ld.so(8) drops LD_PRELOAD without a word in several cases. Each of them is found here, before the program starts.
 */
#ifndef FREEHOLD_PROC_PROGRAM_H
#define FREEHOLD_PROC_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Finds `name` as execvp(3) does: as it stands when it has a slash, else on `search_path` (NULL: the system's default).
 * 0 and the path in `path` (PATH_MAX bytes), or ENOENT, EACCES, EISDIR. */
int program_find(const char *name, const char *search_path, char *path);

enum program_verdict {
  PROGRAM_FITS,
  PROGRAM_LINKED,         /* libfreehold.a is in it: a preloaded library would be a second heap beside it */
  PROGRAM_REFUSED,        /* it would run, but without the library */
  PROGRAM_NOT_EXECUTABLE, /* the kernel would not run it */
};

enum { PROGRAM_REASON_BYTES = 3 * PATH_MAX };

/* Would the library at `library_path` serve malloc in the program at `path`? Follows #! lines. For anything but
 * PROGRAM_FITS `reason` says what, why and what to do, as one sentence or two. For PROGRAM_FITS it may hold a remark,
 * else it is empty. */
enum program_verdict program_examine(const char *path, const char *library_path, char *reason);

/* For program_examine: the verdict on one ELF file. */
enum program_verdict program_examine_elf(const char *path, const char *library_path, char *reason);

#endif
