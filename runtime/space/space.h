/*
 * space.h: the one stretch of addresses the heap lives in, cut in slices of 64 KiB, and the tables that describe it.
 *
 *     | descriptors | guard | slice table | slice states | guard | slice 0 | slice 1 | ...
 *
 * The stretch is reserved once (1 TiB where the kernel agrees, halved until it does) and made usable from the low
 * end as slices are handed out. Under a limit on addresses (RLIMIT_AS) a reservation would take them from the rest
 * of the program, so there the same layout is claimed piece by piece, at addresses nobody else has.
 *
 * Everything here but space_start is called under the slice lock.
 */
#ifndef FREEHOLD_SPACE_SPACE_H
#define FREEHOLD_SPACE_SPACE_H

#include "base/bits.h"

#define SLICE_SHIFT 16
#define SLICE_BYTES ((size_t)1 << SLICE_SHIFT)

struct span; /* heap/span.h */

/* What one slice's pages hold. */
#define SLICE_DIRTY    1u /* may have been written since it was last known to be zero */
#define SLICE_UNMAPPED 2u /* its addresses were given back as well, for a while */

/*
 * What the fast paths read; variables of their own, because one load of each is then one instruction.
 *
 * space_base, space_table: fixed after start. space_slice_limit: slices handed out so far; grows under the slice
 * lock, atomic for the readers without it (a stale value only sends them to the slow path). Table entries below it
 * always point to a descriptor, so a pointer into the space needs no null test.
 */
INTERNAL extern uintptr_t space_base;
INTERNAL extern size_t space_slice_limit;
INTERNAL extern struct span **space_table;

/* What is asked for in transparent huge pages. */
enum huge_page_use {
  HUGE_PAGES_UNDECIDED, /* large objects in a large heap, if it turns out, when the first one comes, that they pay */
  HUGE_PAGES_FOR_LARGE,
  HUGE_PAGES_NEVER,
  HUGE_PAGES_EVERYWHERE,
};

/* The rest: fixed after start, or under the slice lock. */
struct space {
  uint8_t *states;
  size_t slice_capacity; /* slices the space can ever hold */
  size_t page_bytes;
  size_t reserved_bytes;
  uintptr_t metadata_start, metadata_next, metadata_committed, metadata_end;
  size_t metadata_bytes; /* descriptors in use, for the accounts */
  size_t slices_committed, table_committed, states_committed;
  bool claimed; /* piece by piece, under a limit on addresses */
  enum huge_page_use huge_page_use;
};

INTERNAL extern struct space space;

/* Once, before anything else. False when not even the smallest space can be had. */
bool space_start(size_t reserve_bytes, enum huge_page_use huge_page_use);

/* Makes `count` slices at slice_limit usable and hands them out: returns the first one's number, or SIZE_MAX with
 * nothing changed. Zeroed. The caller fills the table entries, then publishes with space_publish. */
size_t space_extend(size_t count);
void space_publish(size_t slice_limit);

/* Gives the pages of free slices back, without the lock: nobody may be able to take the slices meanwhile. Under a limit
 * on addresses those go back too, for the program's own mappings. 0 or a negated errno. */
int space_purge(size_t first, size_t count);
/* Notes that it was done. */
void space_mark_purged(size_t first, size_t count);
/* Makes slices usable again whose addresses were given back. False when there is no room for them any more. */
bool space_restore(size_t first, size_t count);

/* How many of the slices have pages that were written and not given back. */
size_t space_dirty_slices(size_t first, size_t count);

/* Asks for huge pages for slices just taken and never touched, if they pay; true when they were. Without the lock. */
bool space_use_huge_pages(size_t first, size_t count);
/* Such slices are about to be given back. */
void space_leave_huge_pages(size_t first, size_t count);

/* Zeroed memory for a descriptor, aligned to 64 bytes; never given back. NULL when there is none. */
void *space_metadata(size_t bytes);

/* The system's page size, also before the space stands. */
size_t space_page_bytes(void);

ALWAYS_INLINE uintptr_t slice_address(size_t slice) {
  return space_base + (slice << SLICE_SHIFT);
}
ALWAYS_INLINE bool space_contains(uintptr_t address) {
  return (address - space_base) >> SLICE_SHIFT < __atomic_load_n(&space_slice_limit, __ATOMIC_ACQUIRE) &&
         space_base != 0;
}
ALWAYS_INLINE size_t slice_of(uintptr_t address) {
  return (address - space_base) >> SLICE_SHIFT;
}

#endif
