#include "tool/proc/page_counts.h"

#include <string.h>

const struct page_count_field page_count_fields[PAGE_COUNT_FIELDS] = {
#define PAGE_COUNT(name, label) {#name, label, offsetof(struct page_counts, name)},
    PAGE_COUNTS(PAGE_COUNT)
#undef PAGE_COUNT
};

uint64_t page_count_value(const struct page_count_field *field, const struct page_counts *counts) {
  uint64_t value;
  memcpy(&value, (const char *)counts + field->offset, sizeof value);
  return value;
}

void page_counts_add(struct page_counts *to, const struct page_counts *more) {
#define PAGE_COUNT(name, label) to->name += more->name;
  PAGE_COUNTS(PAGE_COUNT)
#undef PAGE_COUNT
}

void page_counts_add_run(struct page_counts *to, const struct page_run *run, uint64_t bytes) {
  if (run->guard)
    to->guard_bytes += bytes;
  if (run->swapped)
    to->swapped_bytes += bytes;
  if (run->huge_pool)
    to->huge_pool_bytes += bytes;
  if (run->mapped_by == 0 || run->huge_pool)
    return;
  to->resident_bytes += bytes;
  to->proportional_bytes += bytes / run->mapped_by;
  if (run->mapped_by == 1)
    to->private_bytes += bytes;
  if (run->huge)
    to->huge_bytes += bytes;
  if (run->lazily_freed)
    to->lazily_freed_bytes += bytes;
}
