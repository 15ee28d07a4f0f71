#include "heap/sampled.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/print.h"
#include "heap/accounts.h"
#include "heap/sampling.h"
#include "space/kernel.h"
#include "space/space.h"

#include <string.h>

#define ALIGNMENT_LEAST ((size_t)16)
/* Where addresses are rationed, the program's come first. */
#define LIMIT_SHARE 16u
/* One in so many objects starts at its slot's start, so that what comes before it faults. */
#define AT_START_SHARE 4u
/* Bytes around an object that are filled and looked at, on each side. */
#define SLACK_MOST ((size_t)256)
#define SLACK_FILL 0xa7

struct sampled_stretch sampled_stretch;

static struct {
  const struct sampled_hooks *hooks;
  struct sampled_object *objects; /* one for each slot */
  uint32_t *waiting;              /* a ring of freed slots, the oldest at `oldest` */
  size_t slots, page, slot_bytes; /* a slot's pages, without the guard */
} pool;                           /* fixed after start */

static struct lock pool_lock;
static size_t used;            /* slots that were ever used; pool_lock */
static size_t oldest, in_ring; /* pool_lock */
static size_t slots_free;      /* atomic: a look at it spares those who find none the lock */
static size_t live_bytes;      /* atomic */

size_t sampled_bytes(void) {
  return __atomic_load_n(&live_bytes, __ATOMIC_RELAXED);
}

enum sampled_state sampled_state(const struct sampled_object *object) {
  return (enum sampled_state)__atomic_load_n(&object->state, __ATOMIC_ACQUIRE);
}

static bool failed(intptr_t address) {
  return address < 0 && address > -4096;
}

size_t sampled_start(size_t slots, const struct sampled_hooks *hooks) {
  pool.page = space_page_bytes();
  pool.slot_bytes = align_up(SAMPLED_MAX_BYTES, pool.page);
  size_t most = kernel_address_limit() / LIMIT_SHARE;
  for (; slots > 0; slots /= 2) {
    size_t stretch = slots * (pool.slot_bytes + pool.page) + pool.page;
    size_t records = align_up(slots * (sizeof *pool.objects + sizeof *pool.waiting), pool.page);
    if (stretch + records > most)
      continue;
    intptr_t at = kernel.reserve(stretch + records);
    if (failed(at))
      continue;
    uintptr_t base = (uintptr_t)at, record = base + stretch;
    if (kernel.commit(record, records) != 0) {
      kernel.release(base, stretch + records);
      continue;
    }
    kernel.name(record, records, "freehold:sampled");
    pool.hooks = hooks;
    pool.objects = (struct sampled_object *)record;
    pool.waiting = (uint32_t *)(record + slots * sizeof *pool.objects);
    pool.slots = slots;
    slots_free = slots;
    sampled_stretch = (struct sampled_stretch){base, stretch};
    return slots;
  }
  return 0;
}

/* ---- Places. ---- */

static uintptr_t slot_start(size_t number) {
  return sampled_stretch.base + pool.page + number * (pool.slot_bytes + pool.page);
}

static size_t number_of(const struct sampled_object *object) {
  return (size_t)(object - pool.objects);
}

/* The pages that an object lies on; none of an object of 0 bytes that starts at its guard. */
static uintptr_t pages_of(const struct sampled_object *object, size_t *bytes) {
  uintptr_t first = align_down(object->start, pool.page);
  *bytes = align_up(object->start + object->bytes, pool.page) - first;
  return first;
}

static struct sampled_object *used_object(size_t number) {
  if (number >= pool.slots || sampled_state(&pool.objects[number]) == SAMPLED_UNUSED)
    return NULL;
  return &pool.objects[number];
}

static size_t distance(const struct sampled_object *object, uintptr_t address) {
  if (address < object->start)
    return object->start - address;
  size_t inside = address - object->start;
  return inside < object->bytes ? 0 : inside - object->bytes;
}

struct sampled_object *sampled_find(uintptr_t address) {
  size_t stride = pool.slot_bytes + pool.page, offset = address - sampled_stretch.base;
  if (offset < pool.page)
    return used_object(0);
  size_t number = (offset - pool.page) / stride;
  struct sampled_object *object = used_object(number);
  if ((offset - pool.page) % stride < pool.slot_bytes)
    return object;
  struct sampled_object *next = used_object(number + 1);
  return object == NULL || (next != NULL && distance(next, address) < distance(object, address)) ? next : object;
}

/* ---- The bytes around an object. ---- */

struct slack {
  unsigned char *from;
  size_t bytes;
};

static struct slack slack_before(const struct sampled_object *object) {
  size_t bytes = object->start % pool.page;
  if (bytes > SLACK_MOST)
    bytes = SLACK_MOST;
  return (struct slack){(unsigned char *)object->start - bytes, bytes};
}

static struct slack slack_behind(const struct sampled_object *object) {
  uintptr_t end = object->start + object->bytes;
  size_t bytes = align_up(end, pool.page) - end;
  return (struct slack){(unsigned char *)end, bytes < SLACK_MOST ? bytes : SLACK_MOST};
}

static void fill_around(const struct sampled_object *object) {
  size_t bytes;
  pages_of(object, &bytes);
  if (bytes == 0)
    return;
  struct slack before = slack_before(object), behind = slack_behind(object);
  memset(before.from, SLACK_FILL, before.bytes);
  memset(behind.from, SLACK_FILL, behind.bytes);
}

/* The changed byte that is nearest to the object, or 0. */
static uintptr_t damage_behind(const struct sampled_object *object) {
  struct slack behind = slack_behind(object);
  for (size_t i = 0; i < behind.bytes; i++)
    if (behind.from[i] != SLACK_FILL)
      return (uintptr_t)&behind.from[i];
  return 0;
}
static uintptr_t damage_before(const struct sampled_object *object) {
  struct slack before = slack_before(object);
  for (size_t i = before.bytes; i-- > 0;)
    if (before.from[i] != SLACK_FILL)
      return (uintptr_t)&before.from[i];
  return 0;
}

/* ---- Reports. ---- */

static COLD void report_misuse(const struct sampled_error *error) {
  pool.hooks->report(error);
  if (options.on_misuse == ON_MISUSE_ABORT) {
    accounts_print_at_exit();
    die();
  }
}

static void look_around(struct sampled_object *object) {
  size_t bytes;
  pages_of(object, &bytes);
  if (bytes == 0)
    return;
  uintptr_t behind = damage_behind(object), before = damage_before(object);
  if (LIKELY(behind == 0 && before == 0) || __atomic_exchange_n(&object->reported, 1, __ATOMIC_RELAXED) != 0)
    return;
  struct sampled_error error = {.kind =
                                    behind != 0 ? FH_REPORT_HEAP_BUFFER_OVERFLOW : FH_REPORT_HEAP_BUFFER_UNDERFLOW,
                                .address = behind != 0 ? behind : before,
                                .object = object,
                                .late = true,
                                .access = FH_ACCESS_WRITE};
  report_misuse(&error);
}

bool sampled_misuse(const char *call, uintptr_t address) {
  const struct sampled_object *object = sampled_find(address);
  if (object == NULL)
    return false;
  struct sampled_error error = {.kind = FH_REPORT_INVALID_FREE, .address = address, .object = object, .call = call};
  if (address == object->start)
    error.kind = strcmp(call, "malloc_usable_size") == 0 ? FH_REPORT_HEAP_USE_AFTER_FREE : FH_REPORT_DOUBLE_FREE;
  report_misuse(&error);
  return true;
}

/* ---- Taking and giving. ---- */

/* A slot that nobody has: one that was never used, then the one that has been free longest. */
static struct sampled_object *slot_take(void) {
  if (__atomic_load_n(&slots_free, __ATOMIC_RELAXED) == 0)
    return NULL;
  struct sampled_object *object = NULL;
  lock_take(&pool_lock);
  if (used < pool.slots) {
    object = &pool.objects[used++];
  } else {
    while (object == NULL && in_ring > 0) {
      object = &pool.objects[pool.waiting[oldest]];
      oldest = (oldest + 1) % pool.slots;
      in_ring--;
      if (__atomic_load_n(&object->kept, __ATOMIC_RELAXED))
        object = NULL;
    }
  }
  if (object != NULL)
    __atomic_store_n(&object->state, SAMPLED_UNUSED, __ATOMIC_RELEASE);
  __atomic_store_n(&slots_free, pool.slots - used + in_ring, __ATOMIC_RELAXED);
  lock_drop(&pool_lock);
  return object;
}

static void slot_give(struct sampled_object *object) {
  lock_take(&pool_lock);
  pool.waiting[(oldest + in_ring) % pool.slots] = (uint32_t)number_of(object);
  in_ring++;
  __atomic_store_n(&slots_free, pool.slots - used + in_ring, __ATOMIC_RELAXED);
  lock_drop(&pool_lock);
}

static void stack_note(struct sampled_stack *stack) {
  stack->count = (uint32_t)pool.hooks->stack(stack->frames, SAMPLED_FRAMES);
  stack->thread = kernel_thread_id();
}

static void place(struct sampled_object *object, size_t size, size_t alignment) {
  uintptr_t start = slot_start(number_of(object));
  object->bytes = size;
  object->start = start;
  if (size == 0 || sampling_random(AT_START_SHARE) != 0)
    object->start = align_down(start + pool.slot_bytes - size, alignment);
}

void *sampled_take(size_t size, size_t alignment) {
  if (alignment < ALIGNMENT_LEAST)
    alignment = ALIGNMENT_LEAST;
  if (size > SAMPLED_MAX_BYTES || alignment > pool.page)
    return NULL;
  struct sampled_object *object = slot_take();
  if (object == NULL)
    return NULL;
  place(object, size, alignment);
  size_t bytes;
  uintptr_t first = pages_of(object, &bytes);
  bool fits = options.limit == 0 || accounts.root->heap_bytes + sampled_bytes() + bytes <= options.limit;
  if (!fits || (bytes != 0 && kernel.commit(first, bytes) != 0)) {
    slot_give(object);
    return NULL;
  }
  __atomic_add_fetch(&live_bytes, bytes, __ATOMIC_RELAXED);
  fill_around(object);
  stack_note(&object->allocated);
  object->freed.thread = object->freed.count = 0;
  object->reported = 0;
  __atomic_store_n(&object->state, SAMPLED_LIVE, __ATOMIC_RELEASE);
  return (void *)object->start;
}

/* Contents and commit charge are gone, and every access faults. Where the kernel has no mapping left to make it so, the
 * pages are at least given back. */
static void pages_close(uintptr_t first, size_t bytes) {
  if (bytes != 0 && kernel.retire(first, bytes) != 0 && kernel.protect(first, bytes, false) != 0)
    kernel.purge(first, bytes);
}

bool sampled_give(struct sampled_object *object) {
  uint8_t live = SAMPLED_LIVE;
  if (!__atomic_compare_exchange_n(&object->state, &live, SAMPLED_ENDING, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return false;
  stack_note(&object->freed);
  look_around(object);
  size_t bytes;
  uintptr_t first = pages_of(object, &bytes);
  __atomic_store_n(&object->state, SAMPLED_FREED, __ATOMIC_RELEASE);
  pages_close(first, bytes);
  __atomic_sub_fetch(&live_bytes, bytes, __ATOMIC_RELAXED);
  slot_give(object);
  return true;
}

/* ---- Faults. ---- */

static enum fh_report_kind kind_of(const struct sampled_object *object, uintptr_t address, enum sampled_state state) {
  if (state != SAMPLED_LIVE)
    return FH_REPORT_HEAP_USE_AFTER_FREE;
  return address < object->start ? FH_REPORT_HEAP_BUFFER_UNDERFLOW : FH_REPORT_HEAP_BUFFER_OVERFLOW;
}

/* With on_misuse=report the page becomes memory like any other, for good. */
static bool open_page(struct sampled_object *object, uintptr_t address) {
  if (options.on_misuse != ON_MISUSE_REPORT)
    return false;
  __atomic_store_n(&object->kept, 1, __ATOMIC_RELAXED);
  return kernel.protect(align_down(address, pool.page), pool.page, true) == 0;
}

enum sampled_verdict sampled_fault(uintptr_t address, uint8_t access, const void *context) {
  struct sampled_object *object = sampled_find(address);
  if (object == NULL)
    return SAMPLED_NOT_OURS;
  enum sampled_state state = sampled_state(object);
  size_t bytes;
  uintptr_t first = pages_of(object, &bytes);
  /* By now the slot may be another object's, whose pages are open. Only code can't be there. */
  if (state == SAMPLED_LIVE && address - first < bytes && access != FH_ACCESS_EXECUTE)
    return SAMPLED_GO_ON;
  bool news = __atomic_exchange_n(&object->reported, 1, __ATOMIC_RELAXED) == 0;
  if (news) {
    struct sampled_error error = {.kind = kind_of(object, address, state),
                                  .address = address,
                                  .object = object,
                                  .access = access,
                                  .context = context};
    pool.hooks->report(&error);
  }
  if (access != FH_ACCESS_EXECUTE && open_page(object, address))
    return SAMPLED_GO_ON;
  return news ? SAMPLED_REPORTED : SAMPLED_NOT_OURS;
}

/* ---- Fork. ---- */

void sampled_before_fork(void) {
  lock_take(&pool_lock);
}
void sampled_after_fork_in_parent(void) {
  lock_drop(&pool_lock);
}
void sampled_after_fork_in_child(void) {
  lock_reset(&pool_lock);
}
