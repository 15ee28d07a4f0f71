/*
 * page_scan.h: the page tables of another process, read in pieces.
 *
 * Each piece is one PAGEMAP_SCAN over at most PAGE_SCAN_PIECE_PAGES pages that are there (addresses without pages
 * cost next to nothing), so the process's lock on its mappings is held for as long as that takes, and others can
 * have it in between. How many processes map a page, and whether it was given up with MADV_FREE, is read from the
 * kernel's own tables of page frames, which takes no lock of the process.
 */
#ifndef FREEHOLD_PROC_PAGE_SCAN_H
#define FREEHOLD_PROC_PAGE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/proc/page_counts.h"

enum { PAGE_SCAN_PIECE_PAGES = 4096 };

struct page_scan;

/* Called with the runs in order of address; one may reach over several mappings. Pages that are nowhere are left
 * out. */
typedef void (*page_scan_found)(void *context, const struct page_run *run);

/* NULL with *error set: ENOTSUP where the kernel lacks PAGEMAP_SCAN or does not show frames to this user; ESRCH,
 * EACCES, EPERM, ENOMEM. */
struct page_scan *page_scan_open(pid_t pid, int *error);
void page_scan_close(struct page_scan *scan);

/* 0 or an errno; ESRCH when the process has ended meanwhile. */
int page_scan_range(struct page_scan *scan, uint64_t start, uint64_t end, page_scan_found found, void *context);

/* How often page tables were read so far, and how long the longest of these calls took. */
void page_scan_cost(const struct page_scan *scan, uint64_t *calls, uint64_t *longest_nanoseconds);

#endif
