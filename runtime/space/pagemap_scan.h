/*
 * pagemap_scan.h: PAGEMAP_SCAN (Linux 6.7), which headers don't have yet; from the kernel's
 * Documentation/admin-guide/mm/pagemap.rst.
 */
#ifndef FREEHOLD_SPACE_PAGEMAP_SCAN_H
#define FREEHOLD_SPACE_PAGEMAP_SCAN_H

#include <stdint.h>
#include <sys/ioctl.h>

struct pagemap_region {
  uint64_t start, end, categories;
};
struct pagemap_scan {
  uint64_t bytes, flags, start, end, walk_end, regions, region_count, most_pages;
  uint64_t inverted, required, any_of, returned;
};
/* Categories of pages. */
#define PAGE_WRITTEN    (1u << 1) /* userfaultfd's note of writes */
#define PAGE_OF_FILE    (1u << 2)
#define PAGE_IS_PRESENT (1u << 3)
#define PAGE_IS_SWAPPED (1u << 4)
#define PAGE_OF_ZEROS   (1u << 5)

#define PAGEMAP_SCAN _IOWR('f', 16, struct pagemap_scan)

#endif
