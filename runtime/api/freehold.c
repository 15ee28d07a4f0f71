/* freehold.c: heaps of one's own, and the library's version. See include/freehold.h. */
#include "freehold.h"

#include "heap/allocate.h"
#include "heap/fast.h"
#include "heap/misuse.h"
#include "heap/object.h"
#include "heap/own.h"
#include "heap/start.h"
#include "heap/thread.h"

#include <errno.h>
#include <string.h>

const char *fh_version(void) {
  return FH_VERSION_STRING;
}

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
  static const struct fh_heap_options defaults = {.struct_bytes = sizeof defaults};
  if (options == NULL)
    options = &defaults;
  if (options->struct_bytes != sizeof *options) {
    errno = EINVAL;
    return NULL;
  }
  struct heap *heap = heap_started() || heap_start() ? heap_create_own() : NULL;
  if (heap == NULL)
    return or_no_memory(NULL);
  heap->own = true;
  heap->zeroed = options->zeroed;
  heap->limit_bytes = options->limit_bytes != 0 ? align_up(options->limit_bytes, SLICE_BYTES) : 0;
  heap->held_bytes = heap->large_bytes = heap->large_objects = 0;
  heap->large = NULL;
  memset(heap->name, 0, sizeof heap->name);
  if (options->name != NULL)
    strncpy(heap->name, options->name, sizeof heap->name - 1);
  return (fh_heap *)heap;
}

void fh_heap_destroy(fh_heap *heap) {
  if (heap != NULL)
    heap_destroy_own(inner(heap));
}

void *fh_heap_malloc(fh_heap *heap, size_t size) {
  return or_no_memory(allocate_from(inner(heap), 0, size, inner(heap)->zeroed));
}

void *fh_heap_calloc(fh_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return or_no_memory(NULL);
  return or_no_memory(allocate_from(inner(heap), 0, bytes, true));
}

void *fh_heap_realloc(fh_heap *heap, void *pointer, size_t size) {
  if (pointer == NULL)
    return fh_heap_malloc(heap, size);
  if (size == 0) {
    fh_heap_free(heap, pointer);
    return NULL;
  }
  return or_no_memory(reallocate(inner(heap), pointer, size));
}

void *fh_heap_aligned_alloc(fh_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return or_no_memory(allocate_from(inner(heap), alignment, size, inner(heap)->zeroed));
}

void fh_heap_free(fh_heap *heap, void *pointer) {
  struct object object = object_at(pointer);
  bool exact = object.kind == OBJECT_SMALL || object.kind == OBJECT_LARGE;
  struct heap *owner = exact && object.live ? object.span->heap : NULL;
  if (exact && object.live && owner != inner(heap))
    misuse_wrong_heap("fh_heap_free", (uintptr_t)pointer, object.bytes,
                      owner != NULL && owner->own ? owner->name : "");
  else
    release(pointer);
}

int fh_heap_statistics(fh_heap *heap, struct fh_heap_totals *out) {
  if (heap == NULL || out == NULL) {
    errno = EINVAL;
    return -1;
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
