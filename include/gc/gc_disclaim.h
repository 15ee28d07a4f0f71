/*
 * gc_disclaim.h: a word with the program before an object is reclaimed.
 */
#ifndef GC_DISCLAIM_H
#define GC_DISCLAIM_H

#include "gc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* procedure(object) is called for each unreachable object of the kind, at the end of the collection that finds it,
 * with the collector's lock held. Non-zero: it stays until the next. What the object points to is still there. */
typedef int(GC_CALLBACK *GC_disclaim_proc)(void *object);
GC_API void GC_CALL GC_register_disclaim_proc(int kind, GC_disclaim_proc procedure, int mark_from_all)
    GC_ATTR_NONNULL(2);

/* Objects with a finalizer of their own, called once without order when they are unreachable; it must not bring the
 * object back. */
struct GC_finalizer_closure {
  GC_finalization_proc proc;
  void *cd;
};
GC_API void GC_CALL GC_init_finalized_malloc(void);
GC_API void *GC_CALL GC_finalized_malloc(size_t size, const struct GC_finalizer_closure *closure) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1) GC_ATTR_NONNULL(2);

#ifdef __cplusplus
}
#endif

#endif
