/*
 * gc_gcj.h: objects whose first word points to a description of their type that has a descriptor (gc_mark.h) in its
 * second word.
 */
#ifndef GC_GCJ_H
#define GC_GCJ_H

#include "gc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Before the others. `procedure`, a GC_mark_proc, becomes the one of this number, below GC_RESERVED_MARK_PROCS; objects of
 * GC_debug_gcj_malloc are looked at by it, with environment 1. */
GC_API void GC_CALL GC_init_gcj_malloc(int number, void *procedure);
/* An object, zero but for the first word. */
GC_API void *GC_CALL GC_gcj_malloc(size_t size, void *type) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_gcj_malloc_ignore_off_page(size_t size, void *type) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_gcj_malloc(size_t size, void *type, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
/* Their kinds. */
GC_API int GC_gcj_kind;
GC_API int GC_gcj_debug_kind;

#ifdef GC_DEBUG
#define GC_GCJ_MALLOC(size, type)                 GC_debug_gcj_malloc(size, type, GC_EXTRAS)
#define GC_GCJ_MALLOC_IGNORE_OFF_PAGE(size, type) GC_debug_gcj_malloc(size, type, GC_EXTRAS)
#else
#define GC_GCJ_MALLOC(size, type)                 GC_gcj_malloc(size, type)
#define GC_GCJ_MALLOC_IGNORE_OFF_PAGE(size, type) GC_gcj_malloc_ignore_off_page(size, type)
#endif

#ifdef __cplusplus
}
#endif

#endif
