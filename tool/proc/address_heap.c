#include "tool/proc/address_heap.h"

#include <string.h>

#include "tool/proc/heap_root.h"
#include "tool/proc/process.h"

static bool is_anonymous(const struct address_region *region) {
  return region->inode == 0 && (region->name[0] == '\0' || strncmp(region->name, "[anon:", strlen("[anon:")) == 0);
}

static bool is_writable(const struct address_region *region) {
  return region->permissions[1] == 'w';
}

/* Makes `address` a border between regions, where it is inside of one. */
static bool cut_at(struct address_regions *regions, uint64_t address) {
  size_t at = address_regions_find(regions->all, regions->count, address);
  return at == SIZE_MAX || regions->all[at].start == address || address_regions_split(regions, at, address);
}

static void mark_between(struct address_regions *regions, uint64_t start, uint64_t end, enum address_kind writable) {
  for (size_t i = 0; i < regions->count; i++) {
    struct address_region *region = &regions->all[i];
    if (region->start < end && region->end > start && is_anonymous(region))
      region->kind = is_writable(region) ? writable : ADDRESS_HEAP_RESERVE;
  }
}

/*
 *     | guard | descriptions, reserve | guard | table, states | reserve, guard | slices in use | reserve |
 *
 * lie side by side where the space was reserved as a whole; else, under a limit on addresses, in the same order with
 * gaps.
 */
bool address_heap_mark(struct address_regions *regions, const struct heap_view *heap) {
  uint64_t base = heap->root.base, in_use_end = base + heap->root.slice_limit * heap->root.slice_bytes;
  if (base == 0)
    return true; /* before the first allocation */
  if (!cut_at(regions, base) || !cut_at(regions, in_use_end))
    return false;
  mark_between(regions, base, in_use_end, ADDRESS_HEAP);
  uint64_t lowest = heap->root.table;
  mark_between(regions, heap->root.table, heap->root.table + 1, ADDRESS_HEAP_METADATA);
  if (heap->metadata_end != 0 && heap->metadata_end < base &&
      base - heap->metadata_start < heap->root.reserved_bytes) {
    mark_between(regions, heap->metadata_start, heap->metadata_end, ADDRESS_HEAP_METADATA);
    if (heap->metadata_start < lowest)
      lowest = heap->metadata_start;
  }
  /* Down from the slices, to the guard below the descriptions. */
  size_t at = address_regions_find(regions->all, regions->count, base);
  uint64_t space_start = base;
  for (size_t i = at; at != SIZE_MAX && i > 0; i--) {
    struct address_region *region = &regions->all[i - 1];
    if (region->end != regions->all[i].start || !is_anonymous(region))
      break;
    space_start = region->start;
    if (region->kind != ADDRESS_HEAP_METADATA)
      region->kind = is_writable(region) ? ADDRESS_HEAP_METADATA : ADDRESS_HEAP_RESERVE;
    if (region->end <= lowest)
      break;
  }
  /* Up from them, as far as the reservation goes. */
  uint64_t space_end = space_start + heap->root.reserved_bytes;
  size_t last = address_regions_find(regions->all, regions->count, in_use_end);
  if (space_end <= in_use_end || last == SIZE_MAX || !cut_at(regions, space_end))
    return space_end <= in_use_end || last == SIZE_MAX;
  for (size_t i = last; i < regions->count && regions->all[i].start < space_end && is_anonymous(&regions->all[i]);
       i++) {
    if (i > last && regions->all[i].start != regions->all[i - 1].end)
      break;
    regions->all[i].kind = ADDRESS_HEAP_RESERVE;
  }
  return true;
}

static bool is_checked(const struct address_regions *regions) {
  for (size_t i = 0; i < regions->count; i++)
    if (regions->all[i].kind == ADDRESS_CODE && strstr(regions->all[i].name, "/libfreehold-check") != NULL)
      return true;
  return false;
}

bool address_heap_mark_guarded(pid_t pid, struct address_regions *regions) {
  struct process_memory memory = {.pid = pid, .descriptor = -1};
  struct fh_guard_root root;
  uint64_t address;
  if (!is_checked(regions) || heap_root_find_other(pid, FH_GUARD_SYMBOL, &address) != 0)
    return true;
  int failed = process_memory_read(&memory, address, &root, sizeof root);
  process_memory_close(&memory);
  if (failed != 0 || root.magic != FH_GUARD_MAGIC || root.bytes == 0)
    return true;
  if (!cut_at(regions, root.start) || !cut_at(regions, root.start + root.bytes))
    return false;
  for (size_t i = 0; i < regions->count; i++) {
    struct address_region *region = &regions->all[i];
    if (region->start >= root.start && region->end <= root.start + root.bytes && is_anonymous(region))
      region->kind = ADDRESS_HEAP_GUARDED;
  }
  return true;
}
