/* libraries.h: which shared libraries a program will bring, found the way ld.so(8) finds them. */
#ifndef FREEHOLD_PROC_LIBRARIES_H
#define FREEHOLD_PROC_LIBRARIES_H

#include <stdbool.h>
#include <stddef.h>

#include "tool/proc/elf.h"

/* The first library among those that the program at `path` needs, directly or through others, that defines `symbol`.
 * The C library, its loader and Freehold's own libraries don't count. False when there is none; a library that can't be
 * found is passed over, the loader will complain of it. */
bool libraries_find_definer(const struct elf_file *program, const char *path, const char *symbol, char *definer,
                            size_t bytes);

#endif
