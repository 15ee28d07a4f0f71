/* From a place in the program to the id of its stack. */
#include "trace/depot.h"
#include "trace/modules.h"
#include "trace/rule_cache.h"
#include "trace/stack_range.h"
#include "trace/unwind.h"

#include <sys/auxv.h>

/* ---- The loader's own calls ---- */

/* Fixed after start. */
static uintptr_t loader_start, loader_bytes;

void stack_start(void) {
  stack_range_start();
  struct module loader;
  uintptr_t base = getauxval(AT_BASE);
  if (base != 0 && module_find(base, &loader)) {
    loader_start = loader.start;
    loader_bytes = loader.end - loader.start;
  }
}

void stack_forget_modules(void) {
  rules_forget();
}

/* ---- Stacks seen a moment ago ---- */

#define RECENT_BITS    11
#define RECENT_RETURNS 8

/*
 * Stacks of late, by pc and sp. The same code at the same depth, with the same return addresses in the same words
 * above, has the same callers, unless frames further out differ. Threads have different sps, and so share no entry
 * for long.
 *
 * All atomic. `version` is odd while one writes; a reader that sees it odd or changed has found nothing, and a
 * writer that sees it odd lets it be: it may have interrupted the other one.
 */
struct recent {
  uint32_t version;
  stack_id id;
  uintptr_t pc, sp;
  uintptr_t fp; /* matters when by_fp */
  uint32_t by_fp;
  uint32_t count;
  uint32_t offsets[RECENT_RETURNS]; /* from sp, ascending */
  uintptr_t returns[RECENT_RETURNS];
} __attribute__((aligned(32)));

static struct recent recents[1 << RECENT_BITS];

#define RECENT_LOAD(field)       __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define RECENT_STORE(field, new) __atomic_store_n(&(field), (new), __ATOMIC_RELAXED)

ALWAYS_INLINE struct recent *recent_of(struct stack_place place) {
  return &recents[(place.pc ^ place.sp << 16) * RULE_MIX >> (64 - RECENT_BITS)];
}

/* How far from sp the last word is that can be read: on the thread's own stack, or on the page of sp. May be below 0. */
ALWAYS_INLINE intptr_t readable_above(uintptr_t sp) {
  const uintptr_t page = 4096;
  if (LIKELY(stack_range_has(&own_stack.range, sp)))
    return (intptr_t)(own_stack.range.low + own_stack.range.room - 1 - sp);
  return (intptr_t)(page - sizeof(uintptr_t)) - (intptr_t)(sp % page);
}

/* 0: not there. */
ALWAYS_INLINE stack_id recent_find(const struct recent *recent, struct stack_place place) {
  uint32_t version = __atomic_load_n(&recent->version, __ATOMIC_ACQUIRE);
  if (RECENT_LOAD(recent->pc) != place.pc || RECENT_LOAD(recent->sp) != place.sp || version % 2 != 0 ||
      (RECENT_LOAD(recent->by_fp) && RECENT_LOAD(recent->fp) != place.fp))
    return 0;
  uint32_t count = RECENT_LOAD(recent->count);
  intptr_t room = readable_above(place.sp);
  for (uint32_t i = 0; i < RECENT_RETURNS && i < count; i++) {
    uint32_t offset = RECENT_LOAD(recent->offsets[i]);
    uintptr_t now;
    if (offset > room)
      return 0;
    __builtin_memcpy(&now, (const void *)(place.sp + offset), sizeof now);
    if (now != RECENT_LOAD(recent->returns[i]))
      return 0;
  }
  stack_id id = RECENT_LOAD(recent->id);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return RECENT_LOAD(recent->version) == version ? id : 0;
}

static void recent_keep(struct recent *recent, struct stack_place place, stack_id id) {
  uint32_t offsets[RECENT_RETURNS];
  bool by_fp;
  size_t count = unwind_slots(place, offsets, RECENT_RETURNS, &by_fp);
  intptr_t room = readable_above(place.sp);
  while (count > 0 && offsets[count - 1] > room)
    count--;
  uint32_t version = RECENT_LOAD(recent->version);
  if (count == 0 || version % 2 != 0 ||
      !__atomic_compare_exchange_n(&recent->version, &version, version + 1, false, __ATOMIC_ACQUIRE,
                                   __ATOMIC_RELAXED))
    return;
  __atomic_thread_fence(__ATOMIC_RELEASE);
  RECENT_STORE(recent->pc, place.pc);
  RECENT_STORE(recent->sp, place.sp);
  RECENT_STORE(recent->fp, place.fp);
  RECENT_STORE(recent->id, id);
  RECENT_STORE(recent->by_fp, by_fp);
  RECENT_STORE(recent->count, (uint32_t)count);
  for (size_t i = 0; i < count; i++) {
    uintptr_t caller;
    __builtin_memcpy(&caller, (const void *)(place.sp + offsets[i]), sizeof caller);
    RECENT_STORE(recent->offsets[i], offsets[i]);
    RECENT_STORE(recent->returns[i], caller);
  }
  __atomic_store_n(&recent->version, version + 2, __ATOMIC_RELEASE);
}

static NOINLINE stack_id store_fresh(struct stack_place place, bool keep) {
  uintptr_t frames[STACK_FRAMES_MOST];
  stack_id id = stack_store_frames(frames, stack_unwind(place, frames, ARRAY_LENGTH(frames), NULL));
  if (keep && id != 0)
    recent_keep(recent_of(place), place, id);
  return id;
}

stack_id stack_store(struct stack_place place, bool cheap) {
  /* The loader allocates for each file it loads, before any of it runs. */
  if (UNLIKELY(place.pc - loader_start < loader_bytes))
    rules_check_modules();
  if (!cheap)
    return store_fresh(place, false);
  stack_id id = recent_find(recent_of(place), place);
  return LIKELY(id != 0) ? id : store_fresh(place, true);
}
