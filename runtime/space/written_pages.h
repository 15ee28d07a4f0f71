/*
 * written_pages.h: which pages of one stretch of this process's memory were written to, by the program or by the kernel
 * for it, since they were looked at last. Those without contents yet don't count.
 *
 * The kernel notes it in the page tables (userfaultfd's asynchronous write protection, PAGEMAP_SCAN; Linux 6.7, no
 * privilege): the first write to a page after a look costs a fault, later ones nothing. A page that was never looked at
 * counts as written. What a device writes to pages that were pinned before the look is not noted.
 *
 * One stretch at a time. All functions keep errno; a negative result is a negated errno, after which nothing is known of any
 * page. Only written_pages_start and _end may not run at the same time as the others.
 */
#ifndef FREEHOLD_SPACE_WRITTEN_PAGES_H
#define FREEHOLD_SPACE_WRITTEN_PAGES_H

#include "base/bits.h"

/* Begins for [start, start + bytes), of which parts may be reserved addresses only. Tries on a page of its own whether the
 * kernel keeps its word. 0 also when it has begun already. */
int written_pages_start(uintptr_t start, size_t bytes);
bool written_pages_started(void);
/* The kernel's notes end; for a child of fork too, for which nothing is noted. */
void written_pages_end(void);

struct page_range {
  uintptr_t start, end;
};
/*
 * The written pages of [*from, end), in order, up to `most` ranges and some MiB; *from moves behind what was looked at. With
 * `again` each page that is told counts as not written from then on, in one step: no write is missed between. How many
 * ranges.
 */
long written_pages_next(uintptr_t *from, uintptr_t end, bool again, struct page_range *ranges, size_t most);
/* The same of all pages that have contents. */
long written_pages_filled(uintptr_t *from, uintptr_t end, struct page_range *ranges, size_t most);
/* All pages of [start, end) count as not written from now on. 0 or a negated errno. */
int written_pages_clear(uintptr_t start, uintptr_t end);

#endif
