/* page_counts.h: what is known of the pages of a stretch of addresses. All in bytes. */
#ifndef FREEHOLD_PROC_PAGE_COUNTS_H
#define FREEHOLD_PROC_PAGE_COUNTS_H

#include <stddef.h>
#include <stdint.h>

/*
 *   private_bytes <= proportional_bytes <= resident_bytes <= reserved_bytes
 *   huge_bytes, lazily_freed_bytes <= resident_bytes
 *
 * PAGE_COUNT(name, label): one list, from which the struct, text, JSON and the page follow.
 */
#define PAGE_COUNTS(PAGE_COUNT)                                                                                      \
  PAGE_COUNT(reserved_bytes, "reserved")                                                                             \
  PAGE_COUNT(resident_bytes, "resident")         /* as RSS */                                                        \
  PAGE_COUNT(proportional_bytes, "proportional") /* as PSS: a page that n map counts a nth */                        \
  PAGE_COUNT(private_bytes, "private")           /* of the resident: nobody else maps it */                          \
  PAGE_COUNT(swapped_bytes, "swapped")                                                                               \
  PAGE_COUNT(huge_bytes, "huge")                 /* of the resident: mapped as transparent huge pages */             \
  PAGE_COUNT(lazily_freed_bytes, "lazily freed") /* of the resident: given up with MADV_FREE, still there */         \
  PAGE_COUNT(huge_pool_bytes, "huge pool") /* pages of hugetlbfs, which the kernel doesn't count as resident */      \
  PAGE_COUNT(guard_bytes, "guard pages")   /* MADV_GUARD_INSTALL */

struct page_counts {
#define PAGE_COUNT(name, label) uint64_t name;
  PAGE_COUNTS(PAGE_COUNT)
#undef PAGE_COUNT
};

struct page_count_field {
  const char *name, *label;
  size_t offset; /* of a uint64_t in struct page_counts */
};
enum { PAGE_COUNT_FIELDS = 9 };
extern const struct page_count_field page_count_fields[PAGE_COUNT_FIELDS];
uint64_t page_count_value(const struct page_count_field *field, const struct page_counts *counts);

void page_counts_add(struct page_counts *to, const struct page_counts *more);

/* Pages side by side of which the same holds. */
struct page_run {
  uint64_t start, end;
  uint32_t mapped_by; /* how many map each of them; 0 when they are not resident */
  unsigned swapped : 1, huge : 1, lazily_freed : 1, huge_pool : 1, guard : 1;
};
/* Adds `bytes` of such pages. */
void page_counts_add_run(struct page_counts *to, const struct page_run *run, uint64_t bytes);

#endif
