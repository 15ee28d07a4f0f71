#include "heap/allocate.h"
#include "heap/fast.h"
#include "heap/large.h"
#include "heap/long_cache.h"
#include "heap/misuse.h"
#include "heap/object.h"
#include "heap/purge.h"
#include "heap/sampled.h"
#include "heap/sampling.h"
#include "heap/start.h"
#include "heap/vault.h"

#include <errno.h>
#include <string.h>

/* Below this an object moves to a smaller slot only when it shrinks to less than half. */
#define SHRINK_SHARE 2

/* `counted`, a constant, says whether sampling is on. `size` and `alignment` are what a guarded object is made for, if this one becomes one. */
ALWAYS_INLINE void *take_slot_once(unsigned class_index, bool counted, size_t size, size_t alignment) {
  collected_before_growth();
  struct heap *heap = thread_heap_get(); /* also for a long class: it starts the library */
  if (UNLIKELY(heap == NULL))
    return NULL;
  void *object;
  if (class_index >= LONG_CLASS_FIRST) {
    if (counted && (object = sampling_long(heap, size, alignment)) != NULL)
      return object;
    object = long_cache_take(heap, class_index);
    return object != NULL ? object : heap_take_slot(heap_for_long(), class_index);
  }
  struct bin *bin = &heap->bins[class_index];
  for (;;) {
    if (counted && UNLIKELY(bin->until_sample != 0) && (object = sampling_turn(heap, bin, size, alignment)) != NULL)
      return object;
    if (bin_take(bin, &object))
      return object;
    if (!heap_refill(heap, bin))
      return NULL;
  }
}

/* What threads keep at hand, and what is empty, makes room before a call fails. */
static COLD bool make_room(void) {
  if (!heap_started())
    return false;
  collected_make_room();
  purge_spans();
  return true;
}

static void *take_plain_once(unsigned class_index) {
  return take_slot_once(class_index, false, 0, 0);
}

static NOINLINE void *take_sampling(unsigned class_index, size_t size, size_t alignment) {
  void *object = take_slot_once(class_index, true, size, alignment);
  return LIKELY(object != NULL) || !make_room() ? object : take_plain_once(class_index);
}

ALWAYS_INLINE void *take_slot(unsigned class_index, size_t size, size_t alignment) {
  if (sampling_is_on())
    return take_sampling(class_index, size, alignment);
  void *object = take_plain_once(class_index);
  if (UNLIKELY(object == NULL) && make_room())
    object = take_plain_once(class_index);
  if (UNLIKELY(object == NULL))
    return NULL;
  return collected_note(slot_to_give(object, class_bytes[class_index]));
}

void *allocate_large(size_t size, size_t alignment, bool zeroed) {
  if (size > PTRDIFF_MAX || (!heap_started() && !heap_start()))
    return NULL;
  collected_before_growth();
  void *object = large_take(NULL, size, alignment, zeroed);
  return collected_note(LIKELY(object != NULL) || !make_room() ? object : large_take(NULL, size, alignment, zeroed));
}

NOINLINE void *allocate_slow(size_t size) {
  return size <= SMALL_MAX_BYTES ? take_slot(size_class(size), size, GRANULE) : allocate_large(size, 1, COLLECTED);
}

/* The class whose slots hold `size` bytes and all start at multiples of `alignment`, which divides a slice; or
 * CLASS_NONE. Slot i starts at i * slot size from a slice's start. */
static unsigned aligned_class(size_t alignment, size_t size) {
  if (size > SMALL_MAX_BYTES || alignment > SMALL_MAX_BYTES)
    return CLASS_NONE;
  unsigned class_index = size_class(size);
  while (class_index < CLASS_COUNT && class_bytes[class_index] % alignment != 0)
    class_index++;
  return class_index;
}

void *allocate_aligned(size_t alignment, size_t size) {
  if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX)
    return NULL;
  if (alignment <= GRANULE)
    return allocate(size);
  unsigned class_index = aligned_class(alignment, size);
  if (class_index != CLASS_NONE)
    return take_slot(class_index, size, alignment);
  return allocate_large(size > 0 ? size : 1, alignment, COLLECTED);
}

void *allocate_zeroed(size_t size) {
  if (size > SMALL_MAX_BYTES)
    return allocate_large(size, 1, true);
  void *object = allocate(size);
  return object != NULL && !COLLECTED ? memset(object, 0, size) : object;
}

void *allocate_from(struct heap *heap, size_t alignment, size_t size, bool zeroed) {
  if (size > PTRDIFF_MAX || alignment > PTRDIFF_MAX)
    return NULL;
  unsigned class_index = aligned_class(alignment > GRANULE ? alignment : GRANULE, size);
  if (class_index == CLASS_NONE)
    return large_take(heap, size > 0 ? size : 1, alignment > 0 ? alignment : 1, zeroed);
  void *object = heap_take_slot(heap, class_index);
  return object != NULL && zeroed ? memset(object, 0, size) : object;
}

static COLD void release_to_vault(const char *call, void *pointer, struct vault *vault, enum object_kind kind) {
  int failure = kind == OBJECT_VAULT ? vault_give(vault, pointer) : -EINVAL;
  if (failure == -EACCES)
    misuse_closed_heap(call, (uintptr_t)pointer);
  else if (failure != 0)
    misuse_bad_pointer(call, (uintptr_t)pointer);
}

NOINLINE void release_slow(void *pointer) {
  if (pointer == NULL)
    return;
  struct object object = object_at(pointer);
  if (object.kind == OBJECT_SMALL && object.live) {
    if (span_is_long(object.span)) {
      if (thread_heap == NULL || !long_cache_give(thread_heap, object.span, object.index))
        heap_free_long(pointer, object.span, object.index);
    } else if (__atomic_load_n(&object.span->owner, __ATOMIC_RELAXED) == thread_pointer())
      heap_free_owned(pointer, object.span, object.index);
    else
      heap_free_remote(object.span, object.index, pointer);
  } else if (object.kind == OBJECT_SAMPLED && object.live) {
    if (!sampled_give(sampled_find((uintptr_t)pointer)))
      misuse_bad_pointer("free", (uintptr_t)pointer);
  } else if (object.vault != NULL) {
    release_to_vault("free", pointer, object.vault, object.kind);
  } else if (object.kind != OBJECT_LARGE || !large_give((uintptr_t)pointer))
    misuse_bad_pointer("free", (uintptr_t)pointer);
}

static void *take_for(struct heap *heap, size_t size) {
  return heap != NULL ? allocate_from(heap, 0, size, false) : allocate(size);
}

/* What an object that has outgrown its slot asks for: what grows by a little will grow again. */
#define GROWTH_SHARE 8
static size_t growth(size_t slot_bytes, size_t size) {
  size_t roomy = slot_bytes + slot_bytes / GROWTH_SHARE;
  return size > slot_bytes && size < roomy ? roomy : size;
}

/* An object stays in its slot while it fits, and doesn't leave more than half of it unused. */
static bool slot_suits(size_t slot_bytes, size_t size) {
  return size <= slot_bytes && (size > slot_bytes / SHRINK_SHARE || slot_bytes == GRANULE);
}

/* Within its vault; a secret must not leave it. */
static COLD void *reallocate_in_vault(void *pointer, struct vault *vault, enum object_kind kind, size_t size) {
  int failure = -EINVAL;
  void *resized = kind == OBJECT_VAULT ? vault_resize(vault, pointer, size, &failure) : NULL;
  if (resized == NULL && failure == -EACCES)
    misuse_closed_heap("realloc", (uintptr_t)pointer);
  else if (resized == NULL && failure == -EINVAL)
    misuse_bad_pointer("realloc", (uintptr_t)pointer);
  return resized;
}

static NOINLINE void *reallocate_slow(struct heap *heap, void *pointer, size_t size) {
  struct object object = object_at(pointer);
  if (UNLIKELY(object.vault != NULL))
    return reallocate_in_vault(pointer, object.vault, object.kind, size);
  if (!object_is_exact(&object)) {
    misuse_bad_pointer("realloc", (uintptr_t)pointer);
    return NULL;
  }
  if (object.kind == OBJECT_SMALL) {
    if (slot_suits(object.bytes, size))
      return pointer;
  } else if (object.kind == OBJECT_LARGE && size <= PTRDIFF_MAX) {
    void *resized = large_resize(object.span, size);
    if (resized != NULL)
      return resized == pointer ? resized : collected_note(resized);
  }
  void *moved = take_for(heap, size);
  if (moved == NULL)
    return size <= object.bytes ? pointer : NULL; /* to shrink must not fail */
  memcpy(moved, pointer, size < object.bytes ? size : object.bytes);
  release(pointer);
  return moved;
}

static NOINLINE void *reallocate_own(void *pointer, struct span *span, struct slot_bit slot, size_t size) {
  size_t bytes = span->slot_bytes;
  void *moved = allocate(growth(bytes, size));
  if (moved == NULL)
    return size <= bytes ? pointer : NULL; /* to shrink must not fail */
  memcpy(moved, pointer, size < bytes ? size : bytes);
  release_own(pointer, span, slot);
  return moved;
}

void *reallocate(struct heap *heap, void *pointer, size_t size) {
  struct span *span;
  struct slot_bit slot;
  if (UNLIKELY(heap != NULL) || UNLIKELY(!own_slot_at(pointer, &span, &slot)) ||
      UNLIKELY(span_slot_is_free(span, slot)))
    return reallocate_slow(heap, pointer, size);
  if (slot_suits(span->slot_bytes, size))
    return pointer;
  return reallocate_own(pointer, span, slot, size);
}
