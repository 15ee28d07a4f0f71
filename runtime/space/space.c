#include "space/space.h"
#include "space/kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#define SMALLEST_SPACE (16 * MIB)
/* Descriptors take at most 1/32 of the slices they describe: a slice of 16-byte objects, the worst, takes 1216 bytes. */
#define METADATA_SHARE 32
#define GUARD_BYTES    (64 * KIB)
/* Slices become usable in steps: one system call and one mapping for many of them. Small at first, so that a small
 * program's limits are not strained, then a share of what it already has. */
#define COMMIT_STEP_MIN (1 * MIB)
#define COMMIT_STEP_MAX (64 * MIB)
#define TABLE_STEP      (64 * KIB)
#define HUGE_PAGE_BYTES (2 * MIB)
/* Pages that are timed to learn what faults cost. */
#define TRIAL_PAGES 64

uintptr_t space_base;
size_t space_slice_limit;
struct span **space_table;
struct space space;

struct layout {
  size_t slices, metadata_bytes, table_bytes, states_bytes, total_bytes;
};

static struct layout layout_for(size_t heap_bytes) {
  struct layout layout;
  layout.slices = heap_bytes >> SLICE_SHIFT;
  layout.metadata_bytes = align_up(heap_bytes / METADATA_SHARE, SLICE_BYTES);
  layout.table_bytes = align_up(layout.slices * sizeof(struct span *), SLICE_BYTES);
  layout.states_bytes = align_up(layout.slices, SLICE_BYTES);
  layout.total_bytes = layout.metadata_bytes + layout.table_bytes + layout.states_bytes + 3 * GUARD_BYTES +
                       heap_bytes + HUGE_PAGE_BYTES;
  return layout;
}

static void place(uintptr_t start, struct layout layout) {
  space.metadata_start = space.metadata_next = space.metadata_committed = start + GUARD_BYTES;
  space.metadata_end = space.metadata_next + layout.metadata_bytes;
  uintptr_t table = space.metadata_end + GUARD_BYTES;
  space_table = (struct span **)table;
  space.states = (uint8_t *)(table + layout.table_bytes);
  space_base = align_up(table + layout.table_bytes + layout.states_bytes + GUARD_BYTES, HUGE_PAGE_BYTES);
  space.slice_capacity = layout.slices;
  space.reserved_bytes = layout.total_bytes;
}

/* Where to claim when nothing may be reserved: far from where the kernel puts mappings by itself, at an offset that
 * differs from run to run (AT_RANDOM), below the top of the address space, which has 47 bits or 39. */
static bool place_for_claiming(size_t heap_bytes) {
  static const unsigned address_bits[] = {45, 41, 38, 35};
  const uint64_t *random = (const uint64_t *)getauxval(AT_RANDOM);
  struct layout layout = layout_for(heap_bytes);
  for (size_t i = 0; i < ARRAY_LENGTH(address_bits); i++) {
    uint64_t window = (uint64_t)1 << (address_bits[i] - 1);
    uint64_t offset = random != NULL ? (*random % (window / 4)) : 0;
    uintptr_t start = align_down(window / 2 + offset, HUGE_PAGE_BYTES);
    if (kernel.claim(start + GUARD_BYTES, SLICE_BYTES) == 0) {
      place(start, layout);
      space.metadata_committed += SLICE_BYTES;
      space.claimed = true;
      return true;
    }
  }
  return false;
}

bool space_start(size_t reserve_bytes, enum huge_page_use huge_page_use) {
  space.huge_page_use = huge_page_use;
  space.page_bytes = kernel_page_bytes();
  size_t address_limit = kernel_address_limit();
  if (address_limit != SIZE_MAX) {
    /* Twice the limit, so that addresses somebody else holds don't make the space too small. */
    size_t heap_bytes = address_limit >= 8 * GIB ? 16 * GIB : 2 * address_limit;
    if (place_for_claiming(align_up(heap_bytes, SMALLEST_SPACE)))
      return true;
  }
  for (size_t heap_bytes = reserve_bytes; heap_bytes >= SMALLEST_SPACE; heap_bytes /= 2) {
    struct layout layout = layout_for(align_up(heap_bytes, SLICE_BYTES));
    intptr_t start = kernel.reserve(layout.total_bytes);
    if (start >= 0 || start < -4095) {
      place((uintptr_t)start, layout);
      /* Where huge pages come unasked, a small program would pay 2 MiB for its first object. */
      kernel.huge_pages(space_base, layout.slices << SLICE_SHIFT, false);
      kernel.name(space_base, layout.slices << SLICE_SHIFT, "freehold:heap");
      return true;
    }
  }
  return false;
}

static int make_usable(uintptr_t address, size_t bytes) {
  return space.claimed ? kernel.claim(address, bytes) : kernel.commit(address, bytes);
}

/* Makes at least `need` more bytes usable behind `committed` of an area, `want` if that can be had. */
static int grow(uintptr_t area, size_t *committed, size_t need, size_t want, size_t area_bytes) {
  if (want > area_bytes - *committed)
    want = area_bytes - *committed;
  if (need > want)
    return -ENOMEM;
  if (make_usable(area + *committed, want) == 0) {
    *committed += want;
    return 0;
  }
  int failure = want > need ? make_usable(area + *committed, need) : -ENOMEM;
  if (failure == 0)
    *committed += need;
  return failure;
}

static bool cover_tables(size_t slices) {
  size_t table_need = slices * sizeof(struct span *);
  if (table_need > space.table_committed) {
    size_t missing = align_up(table_need - space.table_committed, TABLE_STEP);
    if (grow((uintptr_t)space_table, &space.table_committed, missing, missing,
             align_up(space.slice_capacity * sizeof(struct span *), SLICE_BYTES)) != 0)
      return false;
  }
  if (slices > space.states_committed) {
    size_t missing = align_up(slices - space.states_committed, TABLE_STEP);
    if (grow((uintptr_t)space.states, &space.states_committed, missing, missing,
             align_up(space.slice_capacity, SLICE_BYTES)) != 0)
      return false;
  }
  return true;
}

/* Nanoseconds that the first touch of so many pages takes. */
static uint64_t time_touches(uintptr_t address, size_t pages) {
  uint64_t start = kernel_now();
  for (size_t i = 0; i < pages; i++)
    *(volatile char *)(address + i * space.page_bytes) = 0;
  return kernel_now() - start;
}

/* Whether a huge page costs less than the small ones it stands for; it does not on every virtual machine. Tried on
 * memory that is about to be handed out. */
static bool huge_pages_pay(uintptr_t address, size_t bytes) {
  uintptr_t aligned = align_up(address, HUGE_PAGE_BYTES);
  if (aligned + 2 * HUGE_PAGE_BYTES > address + bytes)
    return false;
  uint64_t small = time_touches(aligned, TRIAL_PAGES);
  uintptr_t second = aligned + HUGE_PAGE_BYTES;
  if (kernel.huge_pages(second, HUGE_PAGE_BYTES, true) != 0)
    return false;
  uint64_t huge = time_touches(second, 1);
  kernel.purge(second, HUGE_PAGE_BYTES);
  return huge * TRIAL_PAGES < small * (HUGE_PAGE_BYTES / space.page_bytes);
}

size_t space_dirty_slices(size_t first, size_t count) {
  size_t dirty = 0;
  for (size_t i = 0; i < count; i++)
    dirty += space.states[first + i] & SLICE_DIRTY;
  return dirty;
}

bool space_use_huge_pages(size_t first, size_t count) {
  uintptr_t address = slice_address(first);
  if (space.huge_page_use == HUGE_PAGES_UNDECIDED) {
    if (space_dirty_slices(first, count) != 0)
      return false; /* pages that are there say nothing of what a fault costs: the next object may be tried */
    bool pay = kernel_huge_pages_offered() && huge_pages_pay(address, count << SLICE_SHIFT);
    space.huge_page_use = pay ? HUGE_PAGES_FOR_LARGE : HUGE_PAGES_NEVER;
  }
  return space.huge_page_use == HUGE_PAGES_FOR_LARGE && kernel.huge_pages(address, count << SLICE_SHIFT, true) == 0;
}

void space_leave_huge_pages(size_t first, size_t count) {
  kernel.huge_pages(slice_address(first), count << SLICE_SHIFT, false);
}

size_t space_extend(size_t count) {
  size_t first = space_slice_limit;
  if (count > space.slice_capacity - first || !cover_tables(first + count))
    return SIZE_MAX;
  size_t end = first + count;
  if (end > space.slices_committed) {
    size_t committed = space.slices_committed << SLICE_SHIFT;
    size_t need = (end << SLICE_SHIFT) - committed;
    size_t step = committed / 4;
    step = step < COMMIT_STEP_MIN ? COMMIT_STEP_MIN : step > COMMIT_STEP_MAX ? COMMIT_STEP_MAX : step;
    size_t want = align_up(need, step > HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : step);
    if (want < step)
      want = align_down(step, SLICE_BYTES);
    uintptr_t address = space_base + committed;
    if (grow(space_base, &committed, need, want, space.slice_capacity << SLICE_SHIFT) != 0)
      return SIZE_MAX;
    space.slices_committed = committed >> SLICE_SHIFT;
    size_t grown = space_base + committed - address;
    if (space.claimed) {
      kernel.huge_pages(address, grown, false);
      kernel.name(address, grown, "freehold:heap");
    }
    if (space.huge_page_use == HUGE_PAGES_EVERYWHERE)
      kernel.huge_pages(address, grown, true);
  }
  return first;
}

size_t space_page_bytes(void) {
  return space.page_bytes != 0 ? space.page_bytes : kernel_page_bytes();
}

void space_publish(size_t slice_limit) {
  __atomic_store_n(&space_slice_limit, slice_limit, __ATOMIC_RELEASE);
}

int space_purge(size_t first, size_t count) {
  uintptr_t address = slice_address(first);
  return space.claimed ? kernel.release(address, count << SLICE_SHIFT) : kernel.purge(address, count << SLICE_SHIFT);
}

void space_mark_purged(size_t first, size_t count) {
  memset(space.states + first, space.claimed ? SLICE_UNMAPPED : 0, count);
}

bool space_restore(size_t first, size_t count) {
  if (!space.claimed)
    return true;
  for (size_t at = first; at < first + count;) {
    size_t end = at;
    while (end < first + count && (space.states[end] & SLICE_UNMAPPED) != 0)
      end++;
    if (end == at) {
      at++;
      continue;
    }
    if (kernel.claim(slice_address(at), (end - at) << SLICE_SHIFT) != 0)
      return false;
    memset(space.states + at, 0, end - at);
    at = end;
  }
  return true;
}

void *space_metadata(size_t bytes) {
  bytes = align_up(bytes, 64);
  if (bytes > space.metadata_end - space.metadata_next)
    return NULL;
  if (space.metadata_next + bytes > space.metadata_committed) {
    size_t missing = align_up(space.metadata_next + bytes - space.metadata_committed, SLICE_BYTES);
    if (make_usable(space.metadata_committed, missing) != 0)
      return NULL;
    space.metadata_committed += missing;
  }
  void *memory = (void *)space.metadata_next;
  space.metadata_next += bytes;
  space.metadata_bytes += bytes;
  return memory;
}
