/* gc_malloc.c: allocating, resizing and freeing collected objects; see gc/gc.h. */
#include "api/gc_api.h"
#include "collect/allocate.h"
#include "heap/object.h"

#include <errno.h>
#include <string.h>

static NOINLINE void *malloc_slow(size_t size) {
  return gc_or_oom(allocate_scanned_slow(size), size);
}
static NOINLINE void *malloc_atomic_slow(size_t size) {
  return gc_or_oom(allocate_atomic_slow(size), size);
}
void *GC_malloc(size_t size) {
  return allocate_or(size, malloc_slow);
}
void *GC_malloc_atomic(size_t size) {
  return allocate_atomic_or(size, malloc_atomic_slow);
}
void *GC_malloc_uncollectable(size_t size) {
  return gc_or_oom(collect_allocate(size, KIND_UNCOLLECTABLE), size);
}
void *GC_malloc_atomic_uncollectable(size_t size) {
  return gc_or_oom(collect_allocate(size, KIND_ATOMIC_UNCOLLECTABLE), size);
}
void *GC_malloc_ignore_off_page(size_t size) {
  return gc_or_oom(collect_allocate_by_start(size, KIND_SCANNED), size);
}
void *GC_malloc_atomic_ignore_off_page(size_t size) {
  return gc_or_oom(collect_allocate_by_start(size, KIND_ATOMIC), size);
}
void *GC_malloc_stubborn(size_t size);
__attribute__((visibility("default"))) void *GC_malloc_stubborn(size_t size) {
  return GC_malloc(size);
}

/* ---- By kind ---- */

void *GC_generic_malloc(size_t size, int kind) {
  return gc_or_oom(collect_allocate(size, gc_kind_in(kind)), size);
}
void *GC_generic_malloc_ignore_off_page(size_t size, int kind) {
  return gc_or_oom(collect_allocate_by_start(size, gc_kind_in(kind)), size);
}
void *GC_generic_malloc_uncollectable(size_t size, int kind) {
  return gc_or_oom(collect_allocate(size, kind == GC_I_PTRFREE ? KIND_ATOMIC_UNCOLLECTABLE : KIND_UNCOLLECTABLE),
                   size);
}
void *GC_generic_or_special_malloc(size_t size, int kind) {
  return GC_generic_malloc(size, kind);
}
void *GC_malloc_kind(size_t size, int kind) {
  return GC_generic_malloc(size, kind);
}
void *GC_malloc_kind_global(size_t size, int kind) {
  return GC_generic_malloc(size, kind);
}

/* About a page of objects at a time, as clients that keep free lists of their own expect. */
#define MANY_BYTES 4096u

static size_t how_many(size_t size) {
  return size < MANY_BYTES / 2 ? MANY_BYTES / (size > GC_GRANULE_BYTES ? size : GC_GRANULE_BYTES) : 1;
}

void GC_generic_malloc_many(size_t size, int kind, void **result) {
  *result = gc_or_oom(collect_allocate_many(size, gc_kind_in(kind), how_many(size)), size);
}
void *GC_malloc_many(size_t size) {
  return gc_or_oom(collect_allocate_many(size, KIND_SCANNED, how_many(size)), size);
}

/* ---- With an alignment ---- */

void *GC_memalign(size_t alignment, size_t size) {
  if (alignment <= GC_GRANULE_BYTES)
    return GC_malloc(size);
  if (!is_power_of_two(alignment))
    return gc_without_memory(size);
  void *object = allocate_aligned(alignment, size);
  return object != NULL ? memset(object, 0, object_at(object).bytes) : gc_without_memory(size);
}

int GC_posix_memalign(void **pointer, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
    return EINVAL;
  void *object = GC_memalign(alignment, size);
  if (object == NULL)
    return ENOMEM;
  *pointer = object;
  return 0;
}
__attribute__((visibility("default"))) void *GC_valloc(size_t size) {
  return GC_memalign(space_page_bytes(), size);
}
__attribute__((visibility("default"))) void *GC_pvalloc(size_t size) {
  size_t page_bytes = space_page_bytes();
  return GC_memalign(page_bytes, align_up(size, page_bytes));
}

/* ---- Strings ---- */

char *GC_strndup(const char *string, size_t most) {
  size_t length = strnlen(string, most);
  char *copy = GC_malloc_atomic(length + 1);
  if (copy == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  memcpy(copy, string, length);
  copy[length] = '\0';
  return copy;
}
char *GC_strdup(const char *string) {
  return string != NULL ? GC_strndup(string, SIZE_MAX) : NULL;
}

/* ---- Resizing and freeing ---- */

void *GC_realloc(void *object, size_t size) {
  if (object != NULL && size == 0) {
    collect_free(object);
    return NULL;
  }
  return gc_or_oom(collect_reallocate(object, size), size);
}
/* Bytes freed by hand, in stripes so that threads that free don't wait for each other's cache lines. Two threads of one
 * stripe may lose a count: these are figures for people. */
#define STRIPES      64u
#define STRIPE_SHIFT 12
static struct { uint64_t bytes; } __attribute__((aligned(64))) freed[STRIPES];
static uint64_t freed_before;

static uint64_t freed_in_all(void) {
  uint64_t bytes = 0;
  for (unsigned i = 0; i < STRIPES; i++)
    bytes += __atomic_load_n(&freed[i].bytes, __ATOMIC_RELAXED);
  return bytes;
}
void gc_note_freed(void) {
  freed_before = freed_in_all();
}
size_t gc_freed_since_cycle(void) {
  return freed_in_all() - freed_before;
}

void GC_free(void *object) {
  if (LIKELY(space_contains((uintptr_t)object))) {
    uint64_t *bytes = &freed[(thread_pointer() >> STRIPE_SHIFT) % STRIPES].bytes;
    __atomic_store_n(
        bytes, __atomic_load_n(bytes, __ATOMIC_RELAXED) + space_table[slice_of((uintptr_t)object)]->object_bytes,
        __ATOMIC_RELAXED);
  }
  collect_free(object);
}

/* ---- What is at an address? ---- */

void *GC_base(void *address) {
  struct collect_object object;
  return collect_object_at(address, &object) ? (void *)object.start : NULL;
}
int GC_is_heap_ptr(const void *address) {
  return object_at(address).kind >= OBJECT_INTERIOR;
}
size_t GC_size(const void *object) {
  return object_at(object).bytes;
}
int GC_get_kind_and_size(const void *object, size_t *size) {
  struct object found = object_at(object);
  if (size != NULL)
    *size = found.bytes;
  return found.span != NULL ? gc_kind_out(found.span->collect_kind) : GC_I_NORMAL;
}
void *GC_clear_stack(void *argument) {
  return argument;
}
