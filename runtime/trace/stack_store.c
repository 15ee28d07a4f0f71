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

#define RECENT_BITS    6
#define RECENT_RETURNS 4

/*
 * A thread's stacks of late, by pc and sp. The same code at the same depth, with the same return addresses in the same
 * words above, has the same callers, unless frames further out differ. The words were checked to be readable when the
 * entry was made: they are on the thread's own stack, or on the page of sp.
 */
struct recent {
  uintptr_t pc, sp;
  uintptr_t fp; /* matters when by_fp */
  stack_id id;
  uint8_t count;
  bool by_fp;
  uint32_t offsets[RECENT_RETURNS];
  uintptr_t returns[RECENT_RETURNS];
};

static __thread struct recent recents[1 << RECENT_BITS];
/* The thread is between the fields of an entry; code of a signal that comes then goes the long way. */
static __thread bool recents_busy;

ALWAYS_INLINE struct recent *recent_of(struct stack_place place) {
  return &recents[(place.pc ^ place.sp << 16) * RULE_MIX >> (64 - RECENT_BITS)];
}

ALWAYS_INLINE bool recent_matches(const struct recent *recent, struct stack_place place) {
  if (recent->pc != place.pc || recent->sp != place.sp || (recent->by_fp && recent->fp != place.fp))
    return false;
  for (unsigned i = 0; i < recent->count; i++) {
    uintptr_t now;
    __builtin_memcpy(&now, (const void *)(place.sp + recent->offsets[i]), sizeof now);
    if (now != recent->returns[i])
      return false;
  }
  return recent->count != 0;
}

static void recent_keep(struct recent *recent, struct stack_place place, stack_id id) {
  recents_busy = true;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  recent->pc = place.pc;
  recent->sp = place.sp;
  recent->fp = place.fp;
  recent->id = id;
  recent->count = (uint8_t)unwind_slots(place, recent->offsets, RECENT_RETURNS, &recent->by_fp);
  for (unsigned i = 0; i < recent->count; i++)
    __builtin_memcpy(&recent->returns[i], (const void *)(place.sp + recent->offsets[i]), sizeof(uintptr_t));
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  recents_busy = false;
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
  if (!cheap || recents_busy)
    return store_fresh(place, false);
  const struct recent *recent = recent_of(place);
  if (LIKELY(recent_matches(recent, place)))
    return recent->id;
  return store_fresh(place, true);
}
