/*
 * image.h: a symbol of an ELF file that is out of reach (deleted or replaced while a process runs on it), found in the
 * process's memory instead: what the dynamic loader works with is all mapped.
 */
#ifndef FREEHOLD_PROC_IMAGE_H
#define FREEHOLD_PROC_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/proc/process.h"

/* The address of the symbol that the 64-bit library mapped at `start` (its ELF header) exports under this name. */
bool image_symbol(struct process_memory *memory, uint64_t start, const char *name, uint64_t *address);

#endif
