/*
 * families.h: what the C++ operators take their memory from. The checking library wants to know which operator it was, and
 * which size delete is told; to the plain one it is all the same.
 */
#ifndef FREEHOLD_API_FAMILIES_H
#define FREEHOLD_API_FAMILIES_H

#include "freehold.h"

#if defined(FH_CHECKED)

#ifdef __cplusplus
extern "C" {
#endif
#define FH_HIDDEN __attribute__((visibility("hidden")))
/* An object of operator new's; alignment 0: the usual one. NULL, and errno, as malloc. */
FH_HIDDEN void *family_new(size_t size, size_t alignment);
FH_HIDDEN void family_delete(void *pointer);
/* An object that operator new has made belongs to new[] from now on; returns it. NULL stays NULL. */
FH_HIDDEN void *family_make_array(void *pointer);
/* delete[] is about to hand its object on to operator delete: it has to be one of new[]'s. */
FH_HIDDEN void family_unmake_array(void *pointer);
/* The size that a delete, or with `array` a delete[], is told has to be the object's. */
FH_HIDDEN void family_check_size(void *pointer, size_t size, int array);
#ifdef __cplusplus
}
#endif

#else

static inline void *family_new(size_t size, size_t alignment) {
  return alignment == 0 ? fh_malloc(size) : fh_aligned_alloc(alignment, size);
}
static inline void family_delete(void *pointer) {
  fh_free(pointer);
}
static inline void *family_make_array(void *pointer) {
  return pointer;
}
static inline void family_unmake_array(void *pointer) {
  (void)pointer;
}
static inline void family_check_size(void *pointer, size_t size, int array) {
  (void)pointer;
  (void)size;
  (void)array;
}

#endif

#endif
