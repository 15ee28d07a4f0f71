#include "collect/collect.h"
#include "base/lock.h"
#include "collect/allocate.h"
#include "collect/cycle.h"
#include "collect/kinds.h"
#include "heap/large.h"
#include "heap/misuse.h"
#include "heap/object.h"
#include "heap/start.h"

#include <errno.h>
#include <string.h>

struct collect_settings collect_settings = {
    .space_divisor = 3, .interior = true, .static_roots = true, .library_roots = true};

static struct lock start_lock;
static bool started; /* atomic */

bool collect_start(void) {
  if (LIKELY(__atomic_load_n(&started, __ATOMIC_ACQUIRE)))
    return true;
  if (!heap_started() && !heap_start())
    return false;
  lock_take(&start_lock);
  bool enough = started || kinds_start();
  if (enough && !started) {
    cycle_start();
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
  }
  lock_drop(&start_lock);
  return enough;
}

/* ---- Allocating ---- */

#define MANY_MOST 256

COLD static void *out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

NOINLINE void *allocate_scanned_slow(size_t bytes) {
  if (!collect_start())
    return out_of_memory();
  void *object = allocate_slow(bytes);
  return object != NULL ? object : out_of_memory();
}

/* The first atomic object of a thread, a long or a large one. */
NOINLINE void *allocate_atomic_slow(size_t bytes) {
  if (!collect_start())
    return out_of_memory();
  if (bytes > SMALL_MAX_BYTES) {
    void *object = allocate_large(bytes, 1, false);
    if (object == NULL)
      return out_of_memory();
    space_table[slice_of((uintptr_t)object)]->collect_kind = KIND_ATOMIC;
    return object;
  }
  for (bool again = true;; again = false) {
    collected_before_growth();
    bool is_long = bytes > FAST_MAX_BYTES;
    struct heap *heap = is_long ? kind_rules[KIND_ATOMIC].heap : thread_atomic_heap_get();
    void *object = heap != NULL ? heap_take_slot(heap, size_class(bytes)) : NULL;
    if (object != NULL)
      return object;
    if (!again || !collected_make_room())
      return out_of_memory();
  }
}

/* What of an object says how it is looked at must not be what was there before: a pause comes before the slot is taken, or
 * after it is cleared. */
static void *take_of_kind(const struct kind_rule *rule, size_t bytes) {
  bool cleared = rule->zeroed || rule->last_word;
  if (cleared && bytes <= SMALL_MAX_BYTES)
    return heap_take_cleared_slot(rule->heap, size_class(bytes));
  return allocate_from(rule->heap, 0, bytes, cleared);
}

static void *allocate_of_kind(size_t bytes, unsigned kind) {
  if (!collect_start())
    return out_of_memory();
  const struct kind_rule *rule = &kind_rules[kind];
  for (bool again = true;; again = false) {
    collected_before_growth();
    void *object = take_of_kind(rule, bytes);
    if (object != NULL)
      return object;
    if (!again || !collected_make_room())
      return out_of_memory();
  }
}

void *collect_allocate(size_t bytes, unsigned kind) {
  if (LIKELY(kind == KIND_SCANNED))
    return allocate_or(bytes, allocate_scanned_slow);
  if (LIKELY(kind == KIND_ATOMIC))
    return allocate_atomic_or(bytes, allocate_atomic_slow);
  return allocate_of_kind(bytes, kind);
}

void *collect_allocate_by_start(size_t bytes, unsigned kind) {
  void *object = collect_allocate(bytes, kind);
  if (object != NULL && bytes > SMALL_MAX_BYTES)
    space_table[slice_of((uintptr_t)object)]->collect_flags |= COLLECT_BY_START;
  return object;
}

void *collect_allocate_many(size_t bytes, unsigned kind, size_t most) {
  void *objects[MANY_MOST]; /* on the stack they are found, of whatever kind they are */
  size_t count = 0;
  while (count < most && count < MANY_MOST && (objects[count] = collect_allocate(bytes, kind)) != NULL)
    count++;
  for (size_t i = 0; i < count; i++)
    *(void **)objects[i] = i + 1 < count ? objects[i + 1] : NULL;
  return count != 0 ? objects[0] : NULL;
}

void collect_free(void *object) {
  if (object != NULL)
    release(object);
}

void *collect_reallocate(void *pointer, size_t bytes) {
  if (pointer == NULL)
    return collect_allocate(bytes, KIND_SCANNED);
  struct object object = object_at(pointer);
  if (object.vault != NULL)
    return reallocate(NULL, pointer, bytes);
  if (!object.live || (object.kind != OBJECT_SMALL && object.kind != OBJECT_LARGE)) {
    misuse_bad_pointer("realloc", (uintptr_t)pointer);
    return NULL;
  }
  if (bytes <= object.bytes && (bytes > object.bytes / 2 || object.bytes == GRANULE)) {
    const struct kind_rule *rule = &kind_rules[object.span->collect_kind];
    if (rule->zeroed && !rule->last_word) /* what it grows into later must be zero then */
      memset((char *)pointer + bytes, 0, object.bytes - bytes);
    return pointer;
  }
  void *moved = collect_allocate(bytes, object.span->collect_kind);
  if (moved == NULL)
    return bytes <= object.bytes ? pointer : NULL;
  memcpy(moved, pointer, bytes < object.bytes ? bytes : object.bytes);
  release(pointer);
  return moved;
}

bool collect_object_at(const void *address, struct collect_object *out) {
  struct object object = object_at(address);
  if (!object.live || object.kind < OBJECT_INTERIOR || object.vault != NULL)
    return false;
  *out = (struct collect_object){object.start, object.bytes, object.span->collect_kind};
  return true;
}

void *collect_while_blocked(void *(*run)(void *), void *argument) {
  return run(argument);
}

void *collect_while_active(void *(*run)(void *), void *argument) {
  return run(argument);
}
