/*
 * heap_view.h: the inside of a Freehold heap of another process.
 *
 * All spans are looked at, or, in a large heap that may only cost little, some neighbourhoods of them; the figures
 * are then estimates, brought to the sums that the heap itself keeps (slices in use, free slices).
 */
#ifndef FREEHOLD_PROC_HEAP_VIEW_H
#define FREEHOLD_PROC_HEAP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/accounts.h"
#include "tool/proc/page_counts.h"

/* For pictures: the slices in equal pieces, so many at most. */
enum { HEAP_STRETCHES = 512 };
struct heap_stretch {
  uint64_t live_bytes, held_back_bytes, resident_bytes;
};

struct heap_span {
  uint64_t start, end;
  uint32_t class_index; /* HEAP_SPAN_LARGE, HEAP_SPAN_FREE, or a size class */
  uint64_t live_bytes, held_back_bytes;
};
enum { HEAP_SPAN_LARGE = FH_ACCOUNTS_CLASSES, HEAP_SPAN_FREE, HEAP_SPAN_CLASSES };

struct heap_view {
  uint64_t root_address; /* of fh_accounts_root */
  struct fh_accounts_root root;
  struct fh_accounts accounts;
  bool estimated;                                 /* from some of the spans */
  uint64_t metadata_start, metadata_end;          /* encloses the descriptions that were seen */
  struct page_counts of_class[HEAP_SPAN_CLASSES]; /* once pages were scanned; none when estimated */
  struct heap_stretch stretches[HEAP_STRETCHES];  /* none when estimated */
  size_t stretch_count;
  uint64_t stretch_bytes;
  struct heap_span *spans; /* by address; none when estimated */
  size_t span_count;
};

/* Reads the heap of `pid`. `all`: every span. 0; ENOENT when it runs on none, ENODATA when its library is out of
 * reach, EPROTO when its accounts are of another version; else an errno. heap_view_destroy frees it; after an
 * error there is nothing to free. */
int heap_view_read(pid_t pid, bool all, struct heap_view *out);
void heap_view_destroy(struct heap_view *view);

/* Adds pages that are within [start, end) of the slices to the classes and stretches they belong to. To be called
 * in order of address; *cursor is 0 at first. */
void heap_view_add_run(struct heap_view *view, const struct page_run *run, size_t *cursor);

#endif
