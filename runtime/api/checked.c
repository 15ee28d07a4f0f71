/*
 * checked.c: the standard names in libfreehold-check.so; malloc.c has them for the plain library. Their promises are the
 * same and stand in include/freehold.h.
 */
#include "freehold.h"

#include "api/families.h"
#include "api/twins.h"
#include "check/allocate.h"
#include "check/start.h"
#include "check/watch.h"
#include "heap/size_class.h"
#include "space/space.h"

#include <errno.h>

static void *take(const char *call, struct stack_place place, size_t bytes, size_t alignment, enum fh_family family,
                  bool zeroed) {
  void *object = NULL;
  if (LIKELY(check_ready())) {
    watch_reclose_for(place.pc);
    struct check_request request = {call, place, bytes, alignment > GRANULE ? alignment : GRANULE, family, zeroed};
    int saved_errno = errno;
    object = check_allocate(&request);
    errno = saved_errno;
  }
  if (object == NULL)
    errno = ENOMEM;
  return object;
}

static void give(const char *call, struct stack_place place, void *pointer, enum fh_family family, size_t bytes) {
  if (pointer == NULL || !check_ready())
    return;
  int saved_errno = errno;
  watch_reclose_for(place.pc);
  check_free_sized(call, place, pointer, family, bytes);
  errno = saved_errno;
}

void *fh_malloc(size_t size) {
  return take("malloc", STACK_HERE(), size, GRANULE, FH_FAMILY_MALLOC, false);
}
TWIN(void *, malloc, (size_t size))

void fh_free(void *pointer) {
  give("free", STACK_HERE(), pointer, FH_FAMILY_MALLOC, SIZE_MAX);
}
TWIN(void, free, (void *pointer))

/* More bytes than a number can tell. */
static void *refuse(const char *call, struct stack_place place, size_t count, size_t size) {
  if (check_ready())
    check_impossible_size(call, place, count, size);
  errno = ENOMEM;
  return NULL;
}

void *fh_calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return refuse("calloc", STACK_HERE(), count, size);
  return take("calloc", STACK_HERE(), bytes, GRANULE, FH_FAMILY_MALLOC, true);
}
TWIN(void *, calloc, (size_t count, size_t size))

static void *resize(const char *call, struct stack_place place, void *pointer, size_t size) {
  if (pointer == NULL)
    return take(call, place, size, GRANULE, FH_FAMILY_MALLOC, false);
  if (size == 0) {
    give(call, place, pointer, FH_FAMILY_MALLOC, SIZE_MAX);
    return NULL;
  }
  int saved_errno = errno;
  watch_reclose_for(place.pc);
  void *resized = check_ready() ? check_reallocate(call, place, pointer, size) : NULL;
  errno = resized != NULL ? saved_errno : ENOMEM;
  return resized;
}

void *fh_realloc(void *pointer, size_t size) {
  return resize("realloc", STACK_HERE(), pointer, size);
}
TWIN(void *, realloc, (void *pointer, size_t size))

void *fh_reallocarray(void *pointer, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return refuse("reallocarray", STACK_HERE(), count, size);
  return resize("reallocarray", STACK_HERE(), pointer, bytes);
}
TWIN(void *, reallocarray, (void *pointer, size_t count, size_t size))

void *fh_reallocf(void *pointer, size_t size) {
  struct stack_place place = STACK_HERE();
  void *resized = resize("reallocf", place, pointer, size);
  if (resized == NULL && size != 0)
    give("reallocf", place, pointer, FH_FAMILY_MALLOC, SIZE_MAX);
  return resized;
}
TWIN(void *, reallocf, (void *pointer, size_t size))

static void *take_aligned(const char *call, struct stack_place place, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return take(call, place, size, alignment, FH_FAMILY_MALLOC, false);
}

void *fh_memalign(size_t alignment, size_t size) {
  return take_aligned("memalign", STACK_HERE(), alignment, size);
}
TWIN(void *, memalign, (size_t alignment, size_t size))

void *fh_aligned_alloc(size_t alignment, size_t size) {
  return take_aligned("aligned_alloc", STACK_HERE(), alignment, size);
}
TWIN(void *, aligned_alloc, (size_t alignment, size_t size))

int fh_posix_memalign(void **result, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
    return EINVAL;
  int saved_errno = errno;
  void *object = take_aligned("posix_memalign", STACK_HERE(), alignment, size);
  errno = saved_errno;
  if (object == NULL)
    return ENOMEM;
  *result = object;
  return 0;
}
TWIN(int, posix_memalign, (void **result, size_t alignment, size_t size))

void *fh_valloc(size_t size) {
  return take_aligned("valloc", STACK_HERE(), space_page_bytes(), size);
}
TWIN(void *, valloc, (size_t size))

void *fh_pvalloc(size_t size) {
  size_t page = space_page_bytes();
  if (size > PTRDIFF_MAX) {
    errno = ENOMEM;
    return NULL;
  }
  return take_aligned("pvalloc", STACK_HERE(), page, align_up(size > 0 ? size : 1, page));
}
TWIN(void *, pvalloc, (size_t size))

void fh_free_sized(void *pointer, size_t size) {
  give("free_sized", STACK_HERE(), pointer, FH_FAMILY_MALLOC, size);
}
TWIN(void, free_sized, (void *pointer, size_t size))

void fh_free_aligned_sized(void *pointer, size_t alignment, size_t size) {
  (void)alignment;
  give("free_aligned_sized", STACK_HERE(), pointer, FH_FAMILY_MALLOC, size);
}
TWIN(void, free_aligned_sized, (void *pointer, size_t alignment, size_t size))

size_t fh_malloc_usable_size(const void *pointer) {
  return pointer != NULL && check_ready() ? check_usable_bytes(STACK_HERE(), (void *)(uintptr_t)pointer) : 0;
}
#ifndef FH_NO_STANDARD_NAMES
STANDARD(size_t, malloc_usable_size, (void *pointer)) {
  return pointer != NULL && check_ready() ? check_usable_bytes(STACK_HERE(), pointer) : 0;
}
#endif

/* ---- For the C++ operators. ---- */

void *family_new(size_t size, size_t alignment) {
  if (alignment != 0 && !is_power_of_two(alignment))
    return NULL;
  return take("operator new", STACK_HERE(), size, alignment, FH_FAMILY_NEW, false);
}

void family_delete(void *pointer) {
  give("operator delete", STACK_HERE(), pointer, FH_FAMILY_NEW, SIZE_MAX);
}

void *family_make_array(void *pointer) {
  if (pointer != NULL)
    check_make_array(pointer);
  return pointer;
}

void family_unmake_array(void *pointer) {
  if (pointer != NULL && check_ready())
    check_unmake_array(STACK_HERE(), pointer);
}

void family_check_size(void *pointer, size_t size, int array) {
  if (pointer != NULL && check_ready())
    check_size(STACK_HERE(), pointer, array ? FH_FAMILY_NEW_ARRAY : FH_FAMILY_NEW, size);
}
