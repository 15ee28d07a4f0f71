/* own_heaps.c: heaps of one's own in the plain library; checked_heaps.c has them for the checker. See
 * include/freehold.h. */
#include "api/heap_wish.h"
#include "heap/allocate.h"
#include "heap/fast.h"
#include "heap/misuse.h"
#include "heap/object.h"
#include "heap/own.h"
#include "heap/start.h"
#include "heap/thread.h"
#include "heap/vault.h"
#include "heap/vault_fault.h"

#include <errno.h>
#include <string.h>

/* fh_heap is what the header calls struct heap; nothing is added to it. */
static struct heap *inner(fh_heap *heap) {
  return (struct heap *)heap;
}

static void *or_no_memory(void *object) {
  if (object == NULL)
    errno = ENOMEM;
  return object;
}

fh_heap *fh_heap_create(const struct fh_heap_options *options) {
  struct fh_heap_options wish;
  if (!heap_wish_read(options, &wish)) {
    errno = EINVAL;
    return NULL;
  }
  struct heap *heap = heap_started() || heap_start() ? heap_create_own() : NULL;
  if (heap == NULL)
    return or_no_memory(NULL);
  heap->own = true;
  heap->zeroed = wish.zeroed;
  heap->limit_bytes = wish.limit_bytes != 0 ? align_up(wish.limit_bytes, SLICE_BYTES) : 0;
  heap->held_bytes = heap->large_bytes = heap->large_objects = 0;
  heap->large = NULL;
  memset(heap->name, 0, sizeof heap->name);
  if (wish.name != NULL)
    strncpy(heap->name, wish.name, sizeof heap->name - 1);
  if (heap_wish_is_vault(&wish)) {
    struct vault_wish vault_wish = heap_wish_for_vault(&wish);
    int failure;
    heap->vault = vault_create(&vault_wish, &failure);
    if (heap->vault == NULL) {
      heap_destroy_own(heap);
      errno = -failure;
      return NULL;
    }
    vault_fault_watch();
  }
  return (fh_heap *)heap;
}

void fh_heap_destroy(fh_heap *heap) {
  if (heap == NULL)
    return;
  if (inner(heap)->vault != NULL)
    vault_destroy(inner(heap)->vault);
  inner(heap)->vault = NULL;
  heap_destroy_own(inner(heap));
}

static void *or_failure(void *object, int failure) {
  if (object == NULL)
    errno = -failure;
  return object;
}

static void *take(struct heap *heap, size_t size, size_t alignment, bool zeroed) {
  if (UNLIKELY(heap->vault != NULL)) {
    int failure;
    void *object = vault_take(heap->vault, size, alignment, zeroed, &failure);
    return or_failure(object, failure);
  }
  return or_no_memory(allocate_from(heap, alignment, size, zeroed));
}

void *fh_heap_malloc(fh_heap *heap, size_t size) {
  return take(inner(heap), size, 0, inner(heap)->zeroed);
}

void *fh_heap_calloc(fh_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return or_no_memory(NULL);
  return take(inner(heap), bytes, 0, true);
}

/* Whether `object` is one of this heap's. Where it is another's, that is reported; where it is none at all, the function
 * that takes it back says so. */
static bool belongs(const char *call, struct heap *heap, const void *pointer, const struct object *object) {
  if (!object_is_exact(object))
    return true;
  struct heap *owner = object->span != NULL ? object->span->heap : NULL;
  if (object->vault != NULL ? object->vault == heap->vault : owner == heap)
    return true;
  const char *name = object->vault != NULL ? object->vault->name : owner != NULL && owner->own ? owner->name : "";
  misuse_wrong_heap(call, (uintptr_t)pointer, object->bytes, name);
  return false;
}

static void *resize_in_vault(struct heap *heap, void *pointer, size_t size) {
  struct object object = object_at(pointer);
  if (!belongs("fh_heap_realloc", heap, pointer, &object))
    return or_failure(NULL, -EINVAL);
  int failure = -EINVAL;
  void *resized = object.kind == OBJECT_VAULT ? vault_resize(heap->vault, pointer, size, &failure) : NULL;
  if (resized == NULL && failure == -EINVAL)
    misuse_bad_pointer("fh_heap_realloc", (uintptr_t)pointer);
  return or_failure(resized, failure);
}

void *fh_heap_realloc(fh_heap *heap, void *pointer, size_t size) {
  if (pointer == NULL)
    return fh_heap_malloc(heap, size);
  if (size == 0) {
    fh_heap_free(heap, pointer);
    return NULL;
  }
  if (UNLIKELY(inner(heap)->vault != NULL))
    return resize_in_vault(inner(heap), pointer, size);
  struct object object = object_at(pointer);
  if (UNLIKELY(object.vault != NULL) && !belongs("fh_heap_realloc", inner(heap), pointer, &object))
    return or_failure(NULL, -EINVAL);
  return or_no_memory(reallocate(inner(heap), pointer, size));
}

void *fh_heap_aligned_alloc(fh_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return take(inner(heap), size, alignment, inner(heap)->zeroed);
}

void fh_heap_free(fh_heap *heap, void *pointer) {
  struct object object = object_at(pointer);
  if (belongs("fh_heap_free", inner(heap), pointer, &object))
    release(pointer);
}

int fh_heap_protect(fh_heap *heap, enum fh_heap_access access) {
  int failure = -EINVAL;
  if (heap != NULL && (unsigned)access <= FH_HEAP_NO_ACCESS)
    failure = inner(heap)->vault != NULL ? vault_protect(inner(heap)->vault, (enum vault_access)access) : -ENOTSUP;
  if (failure == 0)
    return 0;
  errno = -failure;
  return -1;
}

enum fh_secrecy fh_heap_secrecy(fh_heap *heap) {
  return heap != NULL && inner(heap)->vault != NULL ? (enum fh_secrecy)vault_secrecy(inner(heap)->vault)
                                                    : FH_SECRECY_NONE;
}

int fh_heap_statistics(fh_heap *heap, struct fh_heap_totals *out) {
  if (heap == NULL || out == NULL) {
    errno = EINVAL;
    return -1;
  }
  if (inner(heap)->vault != NULL) {
    struct vault_totals totals = vault_count(inner(heap)->vault);
    *out = (struct fh_heap_totals){totals.live_objects, totals.live_bytes, totals.held_bytes, totals.limit_bytes};
    return 0;
  }
  struct own_totals totals = own_heap_count(inner(heap));
  *out = (struct fh_heap_totals){
      .live_objects = totals.live_objects,
      .live_bytes = totals.live_bytes,
      .held_bytes = inner(heap)->held_bytes,
      .limit_bytes = inner(heap)->limit_bytes,
  };
  return 0;
}
