/*
 * smaps_read.h: what the kernel adds up for each mapping, for where page_scan.h can't be had.
 *
 * One read gives a page of text, some five mappings, and the process's lock is held from its beginning to its end;
 * so a mapping with many gigabytes resident holds it for tenths of a second.
 */
#ifndef FREEHOLD_PROC_SMAPS_READ_H
#define FREEHOLD_PROC_SMAPS_READ_H

#include <stdint.h>
#include <sys/types.h>

#include "tool/proc/page_counts.h"

/* Called once a mapping, by address. */
typedef void (*smaps_found)(void *context, uint64_t start, uint64_t end, const struct page_counts *pages);

/* 0, or ESRCH, EACCES, EPERM, ENOMEM. *calls: reads; *longest_nanoseconds: the longest. */
int smaps_read(pid_t pid, smaps_found found, void *context, uint64_t *calls, uint64_t *longest_nanoseconds);

#endif
