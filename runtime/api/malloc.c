/*
 * malloc.c: the standard names. Their promises stand in include/freehold.h; errno is set here and nowhere below.
 */
#include "freehold.h"

#include "api/twins.h"
#include "heap/fast.h"
#include "heap/misuse.h"
#include "heap/object.h"

#include <errno.h>

COLD static void *out_of_memory(void) {
  errno = ENOMEM;
  return NULL;
}

ALWAYS_INLINE void *or_no_memory(void *object) {
  return LIKELY(object != NULL) ? object : out_of_memory();
}

NOINLINE static void *malloc_slow(size_t size) {
  return or_no_memory(allocate_slow(size));
}

void *fh_malloc(size_t size) {
  return allocate_or(size, malloc_slow);
}
TWIN(void *, malloc, (size_t size))

void fh_free(void *pointer) {
  release(pointer);
}
TWIN(void, free, (void *pointer))

void *fh_calloc(size_t count, size_t size) {
  size_t bytes;
  if (UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
    return out_of_memory();
  return or_no_memory(allocate_zeroed(bytes));
}
TWIN(void *, calloc, (size_t count, size_t size))

void *fh_realloc(void *pointer, size_t size) {
  if (pointer == NULL)
    return fh_malloc(size);
  if (UNLIKELY(size == 0)) {
    release(pointer);
    return NULL;
  }
  return or_no_memory(reallocate(NULL, pointer, size));
}
TWIN(void *, realloc, (void *pointer, size_t size))

void *fh_reallocarray(void *pointer, size_t count, size_t size) {
  size_t bytes;
  if (UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
    return out_of_memory();
  return fh_realloc(pointer, bytes);
}
TWIN(void *, reallocarray, (void *pointer, size_t count, size_t size))

void *fh_reallocf(void *pointer, size_t size) {
  void *resized = fh_realloc(pointer, size);
  if (UNLIKELY(resized == NULL && size != 0))
    release(pointer); /* NULL too: then there was nothing to free */
  return resized;
}
TWIN(void *, reallocf, (void *pointer, size_t size))

void *fh_memalign(size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return or_no_memory(allocate_aligned(alignment, size));
}
TWIN(void *, memalign, (size_t alignment, size_t size))

void *fh_aligned_alloc(size_t alignment, size_t size) {
  return fh_memalign(alignment, size);
}
TWIN(void *, aligned_alloc, (size_t alignment, size_t size))

int fh_posix_memalign(void **result, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
    return EINVAL;
  int saved_errno = errno; /* POSIX leaves errno alone here; the first call in a thread may set it on its way */
  void *object = allocate_aligned(alignment, size);
  errno = saved_errno;
  if (object == NULL)
    return ENOMEM;
  *result = object;
  return 0;
}
TWIN(int, posix_memalign, (void **result, size_t alignment, size_t size))

void *fh_valloc(size_t size) {
  return fh_memalign(space_page_bytes(), size);
}
TWIN(void *, valloc, (size_t size))

void *fh_pvalloc(size_t size) {
  size_t page = space_page_bytes();
  if (size > PTRDIFF_MAX)
    return out_of_memory();
  return fh_memalign(page, align_up(size > 0 ? size : 1, page));
}
TWIN(void *, pvalloc, (size_t size))

/* ---- Frees that say more. ---- */

static bool size_is_possible(const char *call, void *pointer, size_t size) {
  struct object object = object_at(pointer);
  if (!object_is_exact(&object) || size <= object.bytes)
    return true; /* what else is wrong, free will say */
  misuse_wrong_size(call, (uintptr_t)pointer, size, object.bytes);
  return false;
}

void fh_free_sized(void *pointer, size_t size) {
  if (pointer == NULL || size_is_possible("free_sized", pointer, size))
    release(pointer);
}
TWIN(void, free_sized, (void *pointer, size_t size))

void fh_free_aligned_sized(void *pointer, size_t alignment, size_t size) {
  (void)alignment; /* the slot says where the object starts; that it is aligned enough was malloc's promise */
  if (pointer == NULL || size_is_possible("free_aligned_sized", pointer, size))
    release(pointer);
}
TWIN(void, free_aligned_sized, (void *pointer, size_t alignment, size_t size))

size_t fh_malloc_usable_size(const void *pointer) {
  if (pointer == NULL)
    return 0;
  struct object object = object_at(pointer);
  if (object_is_exact(&object))
    return object.bytes;
  misuse_bad_pointer("malloc_usable_size", (uintptr_t)pointer);
  return 0;
}
#ifndef FH_NO_STANDARD_NAMES
/* glibc's parameter is not const, and a twin has to have one type. */
STANDARD(size_t, malloc_usable_size, (void *pointer)) {
  return fh_malloc_usable_size(pointer);
}
#endif
