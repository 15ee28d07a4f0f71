#include "trace/depot.h"
#include "space/kernel.h"

#define RECORD_UNIT 16
#define TREE_BITS   14
#define BRANCH_BITS 2

/* Fixed once it hangs in a tree, but for the branches and the site, which are atomic. */
struct stack_record {
  uint64_t hash;
  uint32_t count;
  uint32_t unused;
  stack_id branches[1 << BRANCH_BITS];
  struct stack_site site;
  uintptr_t frames[];
};

/* Addresses to ask for, and to be content with. The most that an id can reach is 64 GiB. */
#define STRETCH_MOST  (16 * GIB)
#define STRETCH_LEAST (4 * MIB)
#define COMMIT_BYTES  (256 * KIB)

static uintptr_t stretch;              /* atomic; 0 before the first stack; where it starts */
static size_t stretch_bytes;           /* written before `stretch` is, with release */
static size_t used = RECORD_UNIT;      /* atomic; 0 is no id */
static size_t committed;               /* atomic; never less than what is used */
static uint32_t stored;                /* atomic */
static stack_id trees[1 << TREE_BITS]; /* atomic */

/* Two threads may both reserve; one of them gives back. */
static COLD uintptr_t reserve_stretch(void) {
  /* Where addresses are rationed, the program's come first. */
  size_t most = kernel_address_limit() / 16;
  for (size_t bytes = STRETCH_MOST; bytes >= STRETCH_LEAST; bytes /= 2) {
    if (bytes > most && bytes > STRETCH_LEAST)
      continue;
    intptr_t got = kernel.reserve(bytes);
    if (got < 0 && got > -4096)
      continue;
    uintptr_t none = 0, start = (uintptr_t)got;
    size_t no_bytes = 0;
    /* All ask for the same first, and get it or not; a loser's smaller stretch must not set the size. */
    if (__atomic_compare_exchange_n(&stretch_bytes, &no_bytes, bytes, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
        no_bytes == bytes) {
      if (__atomic_compare_exchange_n(&stretch, &none, start, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        kernel.name(start, bytes, "freehold stacks");
        return start;
      }
      kernel.release(start, bytes);
      return none;
    }
    kernel.release(start, bytes);
    return __atomic_load_n(&stretch, __ATOMIC_ACQUIRE);
  }
  return 0;
}

ALWAYS_INLINE uintptr_t stretch_start(void) {
  uintptr_t start = __atomic_load_n(&stretch, __ATOMIC_ACQUIRE);
  return LIKELY(start != 0) ? start : reserve_stretch();
}

ALWAYS_INLINE struct stack_record *record_at(uintptr_t start, stack_id id) {
  return (struct stack_record *)(start + (uintptr_t)id * RECORD_UNIT);
}

/* Makes the stretch usable up to `end`. Whoever comes at the same time does the same again. */
static COLD bool commit_up_to(uintptr_t start, size_t end) {
  size_t done = __atomic_load_n(&committed, __ATOMIC_RELAXED);
  size_t wanted = align_up(end, COMMIT_BYTES);
  if (wanted > __atomic_load_n(&stretch_bytes, __ATOMIC_RELAXED))
    return false;
  if (done < wanted && kernel.commit(start + done, wanted - done) != 0)
    return false;
  while (done < wanted &&
         !__atomic_compare_exchange_n(&committed, &done, wanted, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  return true;
}

static stack_id record_take(uintptr_t start, size_t bytes) {
  bytes = align_up(bytes, RECORD_UNIT);
  size_t from = __atomic_load_n(&used, __ATOMIC_RELAXED);
  do {
    if (from + bytes > __atomic_load_n(&committed, __ATOMIC_ACQUIRE) && !commit_up_to(start, from + bytes))
      return 0;
  } while (!__atomic_compare_exchange_n(&used, &from, from + bytes, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return (stack_id)(from / RECORD_UNIT);
}

static uint64_t hash_frames(const uintptr_t *frames, size_t count) {
  uint64_t hash = count;
  for (size_t i = 0; i < count; i++) {
    hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

stack_id stack_store_frames(const uintptr_t *frames, size_t count) {
  if (count > STACK_FRAMES_MOST)
    count = STACK_FRAMES_MOST;
  uintptr_t start = count != 0 ? stretch_start() : 0;
  if (start == 0)
    return 0;
  uint64_t hash = hash_frames(frames, count), path = hash << TREE_BITS;
  stack_id *link = &trees[hash >> (64 - TREE_BITS)];
  stack_id fresh = 0;
  for (;;) {
    stack_id id = __atomic_load_n(link, __ATOMIC_ACQUIRE);
    if (id == 0) {
      if (fresh == 0) {
        fresh = record_take(start, sizeof(struct stack_record) + count * sizeof *frames);
        if (fresh == 0)
          return 0;
        struct stack_record *record = record_at(start, fresh);
        record->hash = hash;
        record->count = (uint32_t)count;
        __builtin_memcpy(record->frames, frames, count * sizeof *frames);
      }
      if (__atomic_compare_exchange_n(link, &id, fresh, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
        __atomic_fetch_add(&stored, 1, __ATOMIC_RELAXED);
        return fresh;
      }
    }
    /* A record that somebody else's went before with the same stack is left unused: the race is rare, it is small. */
    struct stack_record *record = record_at(start, id);
    if (record->hash == hash && record->count == count &&
        __builtin_memcmp(record->frames, frames, count * sizeof *frames) == 0)
      return id;
    link = &record->branches[path >> (64 - BRANCH_BITS)];
    path <<= BRANCH_BITS;
  }
}

static struct stack_record *record_of(stack_id id) {
  uintptr_t start = __atomic_load_n(&stretch, __ATOMIC_ACQUIRE);
  if (id == 0 || start == 0 || (uintptr_t)id * RECORD_UNIT >= __atomic_load_n(&used, __ATOMIC_RELAXED))
    return NULL;
  return record_at(start, id);
}

size_t stack_load(stack_id id, uintptr_t *frames, size_t most) {
  const struct stack_record *record = record_of(id);
  if (record == NULL)
    return 0;
  size_t count = record->count < most ? record->count : most;
  __builtin_memcpy(frames, record->frames, count * sizeof *frames);
  return count;
}

size_t stack_count(void) {
  return __atomic_load_n(&stored, __ATOMIC_RELAXED);
}

struct stack_site *stack_site_of(stack_id id) {
  struct stack_record *record = record_of(id);
  return record != NULL ? &record->site : NULL;
}

/* Of one tree, or of what hangs on one of its branches: as deep as stacks have the same hash so far. */
static void visit_from(stack_id id, void (*visit)(void *context, stack_id id, struct stack_site *site),
                       void *context) {
  struct stack_record *record = record_of(id);
  if (record == NULL)
    return;
  visit(context, id, &record->site);
  for (size_t i = 0; i < ARRAY_LENGTH(record->branches); i++)
    visit_from(__atomic_load_n(&record->branches[i], __ATOMIC_ACQUIRE), visit, context);
}

void stack_each(void (*visit)(void *context, stack_id id, struct stack_site *site), void *context) {
  for (size_t i = 0; i < ARRAY_LENGTH(trees); i++)
    visit_from(__atomic_load_n(&trees[i], __ATOMIC_ACQUIRE), visit, context);
}

size_t depot_bytes(void) {
  return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

void depot_reset(void) {
  if (stretch != 0)
    kernel.release(stretch, stretch_bytes);
  stretch = 0;
  stretch_bytes = 0;
  used = RECORD_UNIT;
  committed = 0;
  stored = 0;
  for (size_t i = 0; i < ARRAY_LENGTH(trees); i++)
    trees[i] = 0;
}
