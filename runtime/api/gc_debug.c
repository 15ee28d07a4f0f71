/*
 * gc_debug.c: the names that clients built with GC_DEBUG call. They say where in the source the call stands; errors are
 * found by the checking library instead, without a word from the program, so here that is not kept.
 */
#include "api/gc_api.h"

#define EXPORTED __attribute__((visibility("default")))
#define PLACE    const char *file, int line

/* NAME(SIZE, PLACE) does what the name without "debug" does. */
#define SAME(name)                                                                                                   \
  EXPORTED void *GC_debug_##name(size_t size, PLACE) {                                                               \
    (void)file, (void)line;                                                                                          \
    return GC_##name(size);                                                                                          \
  }
SAME(malloc)
SAME(malloc_atomic)
SAME(malloc_uncollectable)
SAME(malloc_atomic_uncollectable)
SAME(malloc_ignore_off_page)
SAME(malloc_atomic_ignore_off_page)

EXPORTED void *GC_debug_malloc_replacement(size_t size) {
  return GC_malloc(size);
}
EXPORTED void *GC_debug_realloc_replacement(void *object, size_t size) {
  return GC_realloc(object, size);
}
EXPORTED void *GC_debug_realloc(void *object, size_t size, PLACE) {
  (void)file, (void)line;
  return GC_realloc(object, size);
}
EXPORTED void GC_debug_free(void *object) {
  GC_free(object);
}
EXPORTED char *GC_debug_strdup(const char *string, PLACE) {
  (void)file, (void)line;
  return GC_strdup(string);
}
EXPORTED char *GC_debug_strndup(const char *string, size_t most, PLACE) {
  (void)file, (void)line;
  return GC_strndup(string, most);
}
EXPORTED void *GC_debug_generic_or_special_malloc(size_t size, int kind, PLACE) {
  (void)file, (void)line;
  return GC_generic_malloc(size, kind);
}
EXPORTED void GC_debug_change_stubborn(const void *object) {
  (void)object;
}
EXPORTED void GC_debug_end_stubborn_change(const void *object) {
  (void)object;
}
EXPORTED void GC_debug_ptr_store_and_dirty(void *place, const void *pointer) {
  *(const void **)place = pointer;
}
EXPORTED void GC_debug_register_displacement(size_t offset) {
  GC_register_displacement(offset);
}

#define SAME_FINALIZER(name)                                                                                         \
  EXPORTED void GC_debug_##name(void *object, GC_finalization_proc function, void *data, GC_finalization_proc *old,  \
                                void **old_data) {                                                                   \
    GC_##name(object, function, data, old, old_data);                                                                \
  }
SAME_FINALIZER(register_finalizer)
SAME_FINALIZER(register_finalizer_ignore_self)
SAME_FINALIZER(register_finalizer_no_order)
SAME_FINALIZER(register_finalizer_unreachable)

#undef GC_debug_header_size
EXPORTED const size_t GC_debug_header_size = 0;
size_t GC_get_debug_header_size(void) {
  return 0;
}
