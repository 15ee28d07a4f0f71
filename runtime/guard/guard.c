#include "guard/guard.h"
#include "base/lock.h"
#include "base/options.h"
#include "record/accounts.h"
#include "record/report.h"
#include "space/kernel.h"
#include "space/space.h"

#include <pthread.h>
#include <string.h>

#define CHUNK_SHIFT         22
#define CHUNK_BYTES         ((size_t)1 << CHUNK_SHIFT)
#define STRETCH_MOST_BYTES  ((size_t)1 << 40)
#define STRETCH_LEAST_BYTES (16 * CHUNK_BYTES)
/* Of the addresses that a limit leaves to the whole program. */
#define STRETCH_LIMIT_SHARE 8
#define SLOT_PAGES_LEAST    2
#define SLOT_SIZES          24u /* by the logarithm of a slot's pages; the highest are longer than a chunk */
#define SLOTS_MOST          512u
/* Without guard regions each live object is a mapping of its own, and the program wants some too. */
#define MAPPING_SHARE 4

_Static_assert(sizeof(struct object_record) <= OBJECT_RECORD_BYTES, "records stand at fixed distances");

enum chunk_state {
  CHUNK_FRESH,
  CHUNK_SLOTS,
  CHUNK_LONG_HEAD, /* one slot over several chunks begins */
  CHUNK_LONG_REST,
};

struct chunk {
  uint8_t state;      /* atomic; enum chunk_state */
  uint8_t slot_shift; /* logarithm of the slot's bytes; of a long one the chunks say */
  bool keeps;         /* a slot was opened after an error: it is not used again */
  uint16_t used;      /* slots given out; the lock of its size */
  uint16_t dead;      /* atomic */
  uint32_t chunks;    /* of a long slot: how many; of its rest: how many back its head is */
};

uintptr_t guard_base;
size_t guard_bytes;

__attribute__((visibility("default"))) struct fh_guard_root fh_guard_root;

static struct {
  struct chunk *chunks; /* one each, then the records: SLOTS_MOST for each chunk */
  uintptr_t records;
  size_t chunk_count;
  size_t page;
  bool regions;         /* MADV_GUARD_INSTALL works */
  size_t mappings_most; /* live objects, without it */
} stretch;              /* fixed after start */

static struct lock stretch_lock;
static size_t chunks_used;  /* chunks handed out so far; stretch_lock to write */
static size_t recycle_next; /* where the search for an old one goes on; stretch_lock */
static struct guard_size {
  struct lock lock;
  struct chunk *chunk; /* that slots come from */
} sizes[SLOT_SIZES];

static size_t live_bytes, peak_bytes, live_objects; /* atomic */

size_t guard_live_bytes(void) {
  return __atomic_load_n(&live_bytes, __ATOMIC_RELAXED);
}
size_t guard_peak_bytes(void) {
  return __atomic_load_n(&peak_bytes, __ATOMIC_RELAXED);
}

static uintptr_t chunk_address(const struct chunk *chunk) {
  return guard_base + ((size_t)(chunk - stretch.chunks) << CHUNK_SHIFT);
}

static struct object_record *chunk_record(const struct chunk *chunk, size_t slot) {
  return (struct object_record *)(stretch.records +
                                  ((size_t)(chunk - stretch.chunks) * SLOTS_MOST + slot) * OBJECT_RECORD_BYTES);
}

/* ---- Start. ---- */

static bool regions_work(void) {
  if (!options.guard_regions || kernel.guard(guard_base, stretch.page) != 0)
    return false;
  return kernel.unguard(guard_base, stretch.page) == 0;
}

static size_t mappings_allowed(void) {
  char text[32];
  long length = kernel_read_file("/proc/sys/vm/max_map_count", text, sizeof text);
  size_t most = 0;
  for (long i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
    most = most * 10 + (size_t)(text[i] - '0');
  return (most > 0 ? most : 65530) / MAPPING_SHARE;
}

static void before_fork(void) {
  for (unsigned i = 0; i < SLOT_SIZES; i++)
    lock_take(&sizes[i].lock);
  lock_take(&stretch_lock);
}
static void after_fork_in_parent(void) {
  lock_drop(&stretch_lock);
  for (unsigned i = SLOT_SIZES; i-- > 0;)
    lock_drop(&sizes[i].lock);
}
static void after_fork_in_child(void) {
  lock_reset(&stretch_lock);
  for (unsigned i = 0; i < SLOT_SIZES; i++)
    lock_reset(&sizes[i].lock);
}

/* The table of chunks is usable at once, the records as their chunks are. */
static bool reserve_records(void) {
  size_t table = align_up(stretch.chunk_count * sizeof(struct chunk), stretch.page);
  size_t records = stretch.chunk_count * SLOTS_MOST * OBJECT_RECORD_BYTES;
  intptr_t at = kernel.reserve(table + records);
  if (at < 0 && at > -4096)
    return false;
  if (kernel.commit((uintptr_t)at, table) != 0) {
    kernel.release((uintptr_t)at, table + records);
    return false;
  }
  stretch.chunks = (struct chunk *)at;
  stretch.records = (uintptr_t)at + table;
  return true;
}

bool guard_start(void) {
  stretch.page = space_page_bytes();
  size_t bytes = STRETCH_MOST_BYTES, limit = kernel_address_limit();
  while (bytes > limit / STRETCH_LIMIT_SHARE)
    bytes >>= 1;
  for (; bytes >= STRETCH_LEAST_BYTES; bytes >>= 1) {
    intptr_t at = kernel.reserve(bytes + CHUNK_BYTES);
    if (at < 0 && at > -4096)
      continue;
    guard_base = align_up((uintptr_t)at, CHUNK_BYTES);
    stretch.chunk_count = bytes / CHUNK_BYTES;
    if (!reserve_records()) {
      kernel.release((uintptr_t)at, bytes + CHUNK_BYTES);
      return false;
    }
    /* Tried on the first chunk, which is reserved only, until it is used. */
    stretch.regions = kernel.commit(guard_base, stretch.page) == 0 && regions_work();
    kernel.retire(guard_base, stretch.page);
    stretch.mappings_most = mappings_allowed();
    __atomic_store_n(&guard_bytes, bytes, __ATOMIC_RELEASE);
    kernel.name(guard_base, bytes, "freehold:guard");
    fh_guard_root.magic = FH_GUARD_MAGIC;
    fh_guard_root.start = guard_base;
    __atomic_store_n(&fh_guard_root.bytes, bytes, __ATOMIC_RELEASE);
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    return true;
  }
  return false;
}

/* ---- Chunks. ---- */

/* Makes chunks usable: every page of them guarded. */
static bool chunks_prepare(struct chunk *chunk, size_t count) {
  size_t number = (size_t)(chunk - stretch.chunks);
  uintptr_t records = stretch.records + number * SLOTS_MOST * OBJECT_RECORD_BYTES;
  if (kernel.commit(records, SLOTS_MOST * OBJECT_RECORD_BYTES) != 0)
    return false;
  if (!stretch.regions)
    return true;
  uintptr_t at = chunk_address(chunk);
  if (kernel.commit(at, count << CHUNK_SHIFT) != 0)
    return false;
  if (kernel.guard(at, count << CHUNK_SHIFT) == 0)
    return true;
  kernel.retire(at, count << CHUNK_SHIFT);
  return false;
}

static bool chunk_is_old(const struct chunk *chunk) {
  return chunk->state == CHUNK_SLOTS && !chunk->keeps && chunk->used == (CHUNK_BYTES >> chunk->slot_shift) &&
         __atomic_load_n(&chunk->dead, __ATOMIC_ACQUIRE) == chunk->used;
}

/* The one that has been dead longest, or nearly: they are looked at in turns. Stretch lock. */
static struct chunk *chunk_recycle(void) {
  for (size_t looked = 0; looked < chunks_used; looked++) {
    struct chunk *chunk = &stretch.chunks[recycle_next];
    recycle_next = recycle_next + 1 < chunks_used ? recycle_next + 1 : 0;
    if (chunk_is_old(chunk))
      return chunk;
  }
  return NULL;
}

static struct chunk *chunks_take(size_t count, unsigned slot_shift) {
  lock_take(&stretch_lock);
  struct chunk *chunk = NULL;
  if (stretch.chunk_count - chunks_used >= count)
    chunk = &stretch.chunks[chunks_used];
  else if (count == 1)
    chunk = chunk_recycle();
  if (chunk != NULL && !chunks_prepare(chunk, count))
    chunk = NULL;
  if (chunk != NULL) {
    chunk->slot_shift = (uint8_t)slot_shift;
    chunk->used = 0;
    chunk->dead = 0;
    chunk->chunks = (uint32_t)count;
    for (size_t i = 1; i < count; i++) {
      chunk[i].chunks = (uint32_t)i;
      __atomic_store_n(&chunk[i].state, CHUNK_LONG_REST, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&chunk->state, count > 1 ? CHUNK_LONG_HEAD : CHUNK_SLOTS, __ATOMIC_RELEASE);
    if ((size_t)(chunk - stretch.chunks) == chunks_used)
      __atomic_store_n(&chunks_used, chunks_used + count, __ATOMIC_RELEASE);
  }
  lock_drop(&stretch_lock);
  return chunk;
}

/* ---- Slots. ---- */

struct slot {
  uintptr_t start, guard; /* the guard is the slot's last page */
  struct object_record *record;
};

static bool slot_of_chunk(struct chunk *chunk, size_t number, struct slot *slot) {
  bool is_long = chunk->state == CHUNK_LONG_HEAD;
  size_t bytes = is_long ? (size_t)chunk->chunks << CHUNK_SHIFT : (size_t)1 << chunk->slot_shift;
  slot->start = chunk_address(chunk) + number * bytes;
  slot->guard = slot->start + bytes - stretch.page;
  slot->record = chunk_record(chunk, number);
  return number < __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE);
}

/* The slot that `address` lies in; false when none was used there. */
static bool slot_at(uintptr_t address, struct slot *slot) {
  if (!guard_contains(address))
    return false;
  size_t number = (address - guard_base) >> CHUNK_SHIFT;
  if (number >= __atomic_load_n(&chunks_used, __ATOMIC_ACQUIRE))
    return false;
  struct chunk *chunk = &stretch.chunks[number];
  switch (__atomic_load_n(&chunk->state, __ATOMIC_ACQUIRE)) {
  case CHUNK_LONG_REST:
    return slot_of_chunk(chunk - chunk->chunks, 0, slot);
  case CHUNK_LONG_HEAD:
    return slot_of_chunk(chunk, 0, slot);
  case CHUNK_SLOTS:
    return slot_of_chunk(chunk, (address & (CHUNK_BYTES - 1)) >> chunk->slot_shift, slot);
  default:
    return false;
  }
}

static bool slot_take_long(size_t bytes, struct slot *slot) {
  struct chunk *chunk = chunks_take(divide_up(bytes, CHUNK_BYTES), CHUNK_SHIFT);
  if (chunk == NULL)
    return false;
  __atomic_store_n(&chunk->used, 1, __ATOMIC_RELEASE);
  return slot_of_chunk(chunk, 0, slot);
}

static bool slot_take(size_t bytes, struct slot *slot) {
  unsigned shift = highest_bit(bytes - 1) + 1;
  struct guard_size *size = &sizes[shift < SLOT_SIZES ? shift : SLOT_SIZES - 1];
  lock_take(&size->lock);
  if (size->chunk == NULL || size->chunk->used == CHUNK_BYTES >> shift)
    size->chunk = chunks_take(1, shift);
  bool taken = false;
  if (size->chunk != NULL) {
    uint16_t number = size->chunk->used;
    __atomic_store_n(&size->chunk->used, number + 1, __ATOMIC_RELEASE);
    taken = slot_of_chunk(size->chunk, number, slot);
  }
  lock_drop(&size->lock);
  return taken;
}

/* The object's pages: from the one it starts on to the guard. */
static uintptr_t object_pages(const struct slot *slot, size_t *bytes) {
  uintptr_t first = align_down(slot->record->start, stretch.page);
  *bytes = slot->guard - first;
  return first;
}

static bool pages_open(uintptr_t first, size_t bytes) {
  if (bytes == 0)
    return true;
  return (stretch.regions ? kernel.unguard(first, bytes) : kernel.protect(first, bytes, true)) == 0;
}

static void pages_give(uintptr_t first, size_t bytes) {
  if (bytes == 0)
    return;
  if (!stretch.regions || kernel.guard(first, bytes) != 0)
    kernel.retire(first, bytes);
}

static void count_live(size_t bytes) {
  size_t now = __atomic_add_fetch(&live_bytes, bytes, __ATOMIC_RELAXED);
  size_t peak = __atomic_load_n(&peak_bytes, __ATOMIC_RELAXED);
  while (now > peak &&
         !__atomic_compare_exchange_n(&peak_bytes, &peak, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
}

/* A chunk all of whose slots are dead needs no page tables any more. */
static void slot_bury(const struct slot *slot) {
  struct chunk *chunk = &stretch.chunks[(slot->start - guard_base) >> CHUNK_SHIFT];
  size_t dead = __atomic_add_fetch(&chunk->dead, 1, __ATOMIC_ACQ_REL);
  if (chunk->keeps)
    return;
  if (chunk->state == CHUNK_LONG_HEAD)
    kernel.retire(chunk_address(chunk), (size_t)chunk->chunks << CHUNK_SHIFT);
  else if (dead == CHUNK_BYTES >> chunk->slot_shift)
    kernel.retire(chunk_address(chunk), CHUNK_BYTES);
}

static void record_begin(struct object_record *record, uintptr_t start, size_t bytes) {
  struct object_record before = *record;
  *record = (struct object_record){.start = start, .bytes = bytes};
  if (before.state != FH_OBJECT_NONE) {
    record->earlier_allocated = before.allocated;
    record->earlier_freed = before.freed;
    record->earlier_bytes = before.bytes < UINT32_MAX ? (uint32_t)before.bytes : UINT32_MAX;
  }
}

struct object_record *guard_take(size_t bytes, size_t alignment) {
  if (guard_bytes == 0 || bytes > guard_bytes / 2 || alignment > guard_bytes / 2)
    return NULL;
  if (!stretch.regions && __atomic_load_n(&live_objects, __ATOMIC_RELAXED) >= stretch.mappings_most)
    return NULL;
  size_t room = align_up(bytes, stretch.page) + (alignment > stretch.page ? alignment : 0) + stretch.page;
  if (room < SLOT_PAGES_LEAST * stretch.page)
    room = SLOT_PAGES_LEAST * stretch.page;
  struct slot slot;
  if (!(room <= CHUNK_BYTES ? slot_take(room, &slot) : slot_take_long(room, &slot)))
    return NULL;
  record_begin(slot.record, align_down(slot.guard - bytes, alignment), bytes);
  uintptr_t first = object_pages(&slot, &bytes);
  if (!pages_open(first, bytes)) {
    slot_bury(&slot);
    return NULL;
  }
  count_live(bytes);
  __atomic_add_fetch(&live_objects, 1, __ATOMIC_RELAXED);
  return slot.record;
}

void guard_give(struct object_record *record) {
  struct slot slot;
  size_t bytes;
  /* An object without bytes, or one at an alignment, may start at its guard: ask by what is surely in the slot. */
  if (!slot_at(record->start, &slot))
    return;
  uintptr_t first = object_pages(&slot, &bytes);
  pages_give(first, bytes);
  __atomic_sub_fetch(&live_bytes, bytes, __ATOMIC_RELAXED);
  __atomic_sub_fetch(&live_objects, 1, __ATOMIC_RELAXED);
  slot_bury(&slot);
}

struct object_record *guard_find(uintptr_t address) {
  struct slot slot;
  return slot_at(address, &slot) ? slot.record : NULL;
}

struct object_record *guard_find_before(uintptr_t address) {
  struct slot slot;
  if (!slot_at(address, &slot))
    slot.start = align_down(address, stretch.page * SLOT_PAGES_LEAST);
  return guard_find(slot.start - 1);
}

struct object_record *guard_find_behind(uintptr_t address) {
  struct slot slot;
  return slot_at(address, &slot) ? guard_find(slot.guard + stretch.page) : NULL;
}

void guard_each(bool (*visit)(void *context, struct object_record *record), void *context) {
  size_t count = __atomic_load_n(&chunks_used, __ATOMIC_ACQUIRE);
  for (size_t i = 0; i < count; i++) {
    struct chunk *chunk = &stretch.chunks[i];
    uint8_t state = __atomic_load_n(&chunk->state, __ATOMIC_ACQUIRE);
    if (state != CHUNK_SLOTS && state != CHUNK_LONG_HEAD)
      continue;
    size_t used = __atomic_load_n(&chunk->used, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&chunk->dead, __ATOMIC_ACQUIRE) == used && !chunk->keeps)
      continue;
    for (size_t slot = 0; slot < used; slot++)
      if (!visit(context, chunk_record(chunk, slot)))
        return;
  }
}

bool guard_open(uintptr_t address, size_t bytes) {
  if (!guard_contains(address) ||
      (address - guard_base) >> CHUNK_SHIFT >= __atomic_load_n(&chunks_used, __ATOMIC_ACQUIRE))
    return false;
  struct chunk *chunk = &stretch.chunks[(address - guard_base) >> CHUNK_SHIFT];
  uintptr_t first = align_down(address, stretch.page),
            end = align_up(address + (bytes > 0 ? bytes : 1), stretch.page);
  if (end > chunk_address(chunk) + CHUNK_BYTES)
    end = chunk_address(chunk) + CHUNK_BYTES;
  __atomic_store_n(&chunk->keeps, true, __ATOMIC_RELEASE);
  if (stretch.regions && kernel.unguard(first, end - first) != 0)
    return false;
  /* Also where regions are in use: the chunk may have been retired meanwhile, or the pages closed by a watch. */
  return kernel.protect(first, end - first, true) == 0;
}

static bool set_pages(struct object_record *record, bool open) {
  struct slot slot;
  if (!slot_at(record->start, &slot))
    return false;
  size_t bytes;
  uintptr_t first = object_pages(&slot, &bytes);
  return bytes == 0 || kernel.protect(first, bytes, open) == 0;
}

bool guard_close_pages(struct object_record *record) {
  return set_pages(record, false);
}
bool guard_open_pages(struct object_record *record) {
  return set_pages(record, true);
}

void guard_set_apart(struct object_record *record, bool apart) {
  struct slot slot;
  size_t bytes;
  if (!slot_at(record->start, &slot))
    return;
  uintptr_t first = object_pages(&slot, &bytes);
  if (bytes != 0)
    kernel_set_apart(first, bytes, apart);
}
