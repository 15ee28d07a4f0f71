/* pagemap_interface.h: PAGEMAP_SCAN as the kernel defines it; older headers lack it. From the kernel's
 * Documentation/admin-guide/mm/pagemap.rst. */
#ifndef FREEHOLD_PROC_PAGEMAP_INTERFACE_H
#define FREEHOLD_PROC_PAGEMAP_INTERFACE_H

#include <stdint.h>
#include <sys/ioctl.h>

struct pagemap_request {
  uint64_t size, flags, start, end, walk_end, regions, region_count, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
struct pagemap_region {
  uint64_t start, end, categories;
};
#define PAGEMAP_SCAN_IOCTL _IOWR('f', 16, struct pagemap_request)
enum {
  PAGEMAP_FILE = 1 << 2,
  PAGEMAP_PRESENT = 1 << 3,
  PAGEMAP_SWAPPED = 1 << 4,
  PAGEMAP_ZERO = 1 << 5,
  PAGEMAP_HUGE = 1 << 6,
  PAGEMAP_GUARD = 1 << 8, /* Linux 6.15 */
};

#endif
