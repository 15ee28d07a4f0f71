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
#define PAGEMAP_SCAN _IOWR('f', 16, struct pagemap_scan)

#endif
