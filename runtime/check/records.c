#include "check/records.h"
#include "base/lock.h"
#include "record/report.h"
#include "space/kernel.h"

/* A block serves one slice (a span's first) and grows when the slice is cut in smaller slots; never given back, since
 * somebody may still look at it. */
struct block {
  uint32_t capacity;
  uint32_t unused;
  struct object_record *records;
};

/* Where the records are: reserved at once, so that they are in one place; of the addresses a limit leaves, a share. */
#define ARENA_MOST_BYTES     (64 * GIB)
#define ARENA_LEAST_BYTES    (4 * MIB)
#define ARENA_LIMIT_SHARE    16
#define ARENA_STEP_BYTES     (MIB)
#define DIRECTORY_STEP_BYTES (64 * KIB)
#define SIZE_CLASSES         16u

static struct {
  struct block *blocks; /* one a slice; usable below `committed` */
  size_t reserved, committed;
  size_t highest; /* slices that may have a block; atomic */
  uintptr_t arena;
  size_t arena_bytes;
  uintptr_t next, end; /* what is free of the arena, and usable */
  /* Blocks that were outgrown, by the logarithm of their capacity; the first record's `start` links them. */
  struct object_record *spare[SIZE_CLASSES];
} directory;
static struct lock directory_lock; /* to write any of it */

static bool arena_reserve(void) {
  size_t limit = kernel_address_limit() / ARENA_LIMIT_SHARE;
  for (size_t bytes = ARENA_MOST_BYTES; bytes >= ARENA_LEAST_BYTES; bytes >>= 1) {
    intptr_t at = bytes <= limit ? kernel.reserve(bytes) : -1;
    if (at < 0 && at > -4096)
      continue;
    kernel.name((uintptr_t)at, bytes, "freehold:records");
    directory.arena = directory.next = directory.end = (uintptr_t)at;
    directory.arena_bytes = bytes;
    return true;
  }
  return false;
}

bool records_start(void) {
  size_t bytes = align_up(space.slice_capacity * sizeof(struct block), DIRECTORY_STEP_BYTES);
  intptr_t at = kernel.reserve(bytes);
  if (at < 0 && at > -4096)
    return false;
  directory.blocks = (struct block *)at;
  directory.reserved = bytes;
  return arena_reserve();
}

void records_before_fork(void) {
  lock_take(&directory_lock);
}
void records_after_fork(bool in_child) {
  if (in_child)
    lock_reset(&directory_lock);
  else
    lock_drop(&directory_lock);
}

static size_t first_slice(const struct span *span) {
  return slice_of(span->start);
}

ALWAYS_INLINE struct object_record *record_in(size_t slice, uint32_t index) {
  if ((slice + 1) * sizeof(struct block) > __atomic_load_n(&directory.committed, __ATOMIC_ACQUIRE))
    return NULL;
  struct block *block = &directory.blocks[slice];
  if (index >= __atomic_load_n(&block->capacity, __ATOMIC_ACQUIRE))
    return NULL;
  struct object_record *records = __atomic_load_n(&block->records, __ATOMIC_ACQUIRE);
  return (struct object_record *)((uintptr_t)records + index * OBJECT_RECORD_BYTES);
}

struct object_record *records_find(const struct span *span, uint32_t index) {
  return record_in(first_slice(span), index);
}

static bool directory_reach(size_t slice) {
  size_t wanted = align_up((slice + 1) * sizeof(struct block), DIRECTORY_STEP_BYTES);
  if (wanted <= directory.committed)
    return true;
  if (wanted > directory.reserved)
    return false;
  uintptr_t at = (uintptr_t)directory.blocks + directory.committed;
  if (kernel.commit(at, wanted - directory.committed) != 0)
    return false;
  __atomic_store_n(&directory.committed, wanted, __ATOMIC_RELEASE);
  return true;
}

static struct object_record *arena_take(unsigned size_class) {
  struct object_record *spare = directory.spare[size_class];
  if (spare != NULL) {
    directory.spare[size_class] = (struct object_record *)spare->start;
    return spare;
  }
  size_t bytes = (size_t)OBJECT_RECORD_BYTES << size_class;
  if (directory.end - directory.next < bytes) {
    size_t more = align_up(bytes, ARENA_STEP_BYTES);
    if (more > directory.arena + directory.arena_bytes - directory.end || kernel.commit(directory.end, more) != 0)
      return NULL;
    directory.end += more;
  }
  struct object_record *records = (struct object_record *)directory.next;
  directory.next += bytes;
  return records;
}

/* All records of a block that changes hands begin anew: its span has changed too, so none of them is an object's. */
static bool block_grow(struct block *block, uint32_t capacity) {
  unsigned size_class = capacity > 1 ? highest_bit(capacity - 1) + 1 : 0;
  if (size_class >= SIZE_CLASSES)
    return false;
  struct object_record *records = arena_take(size_class);
  if (records == NULL)
    return false;
  uint32_t room = (uint32_t)1 << size_class;
  for (uint32_t i = 0; i < room; i++)
    *(struct object_record *)((uintptr_t)records + i * OBJECT_RECORD_BYTES) = (struct object_record){.state = 0};
  struct object_record *old = block->records;
  uint32_t old_capacity = block->capacity;
  __atomic_store_n(&block->records, records, __ATOMIC_RELEASE);
  __atomic_store_n(&block->capacity, room, __ATOMIC_RELEASE);
  if (old != NULL) {
    unsigned old_class = highest_bit(old_capacity);
    old->state = FH_OBJECT_NONE;
    old->start = (uintptr_t)directory.spare[old_class];
    directory.spare[old_class] = old;
  }
  return true;
}

/* With the first object of a span its block is large enough for all of them: later it could not be changed, for others hold
 * pointers into it. */
struct object_record *records_make(const struct span *span, uint32_t index) {
  size_t slice = first_slice(span);
  uint32_t capacity = span->kind == FH_SPAN_SMALL ? span->capacity : 1;
  if (LIKELY(record_in(slice, capacity - 1) != NULL))
    return record_in(slice, index);
  lock_take(&directory_lock);
  bool made = directory_reach(slice) &&
              (record_in(slice, capacity - 1) != NULL || block_grow(&directory.blocks[slice], capacity));
  if (made && slice >= directory.highest)
    __atomic_store_n(&directory.highest, slice + 1, __ATOMIC_RELEASE);
  lock_drop(&directory_lock);
  return made ? record_in(slice, index) : NULL;
}

void records_each(bool (*visit)(void *context, struct object_record *record), void *context) {
  size_t highest = __atomic_load_n(&directory.highest, __ATOMIC_ACQUIRE);
  for (size_t slice = 0; slice < highest; slice++) {
    struct object_record *record;
    for (uint32_t i = 0; (record = record_in(slice, i)) != NULL; i++)
      if (!visit(context, record))
        return;
  }
}
