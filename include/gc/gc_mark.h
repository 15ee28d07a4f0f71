/*
 * gc_mark.h: kinds of objects and how they are looked at, for runtimes of other languages.
 *
 * Mark procedures and the push functions run while all other threads stand still, one at a time: they must not allocate,
 * and must not wait for a lock that another thread may hold.
 */
#ifndef GC_MARK_H
#define GC_MARK_H

#include "gc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a mark procedure is expected to look at in one call, roughly. Here it may do more. */
#define GC_PROC_BYTES 100

/* Entries of the mark stack: a procedure is given pointers to them, passes them on, and returns what it got back. */
#if defined(GC_BUILD) || defined(NOT_GCBUILD)
struct GC_ms_entry;
#else
struct GC_ms_entry {
  void *opaque;
};
#endif

/* Calls GC_MARK_AND_PUSH for the pointers in the object. It must look only where pointers may be, and must be able to
 * take an object that is all zero but for its first word. */
typedef struct GC_ms_entry *(*GC_mark_proc)(GC_word *object, struct GC_ms_entry *stack, struct GC_ms_entry *limit,
                                            GC_word environment);

#define GC_LOG_MAX_MARK_PROCS           6
#define GC_MAX_MARK_PROCS               (1 << GC_LOG_MAX_MARK_PROCS)
#define GC_RESERVED_MARK_PROCS          8 /* GC_new_proc gives numbers from here */
#define GC_GCJ_RESERVED_MARK_PROC_INDEX 0

/* Descriptors say where an object's pointers are. The two low bits say how:
 *   LENGTH      the descriptor is a number of bytes, a multiple of 4: they are all looked at
 *   BITMAP      the highest bit stands for the first word, 62 in all
 *   PROC        GC_MAKE_PROC
 *   PER_OBJECT  the descriptor without its tag is where the object has its own; negative: the object's first word points
 *               to something that has it at - descriptor - GC_INDIR_PER_OBJ_BIAS */
#define GC_DS_TAG_BITS        2
#define GC_DS_TAGS            ((1 << GC_DS_TAG_BITS) - 1)
#define GC_DS_LENGTH          0
#define GC_DS_BITMAP          1
#define GC_DS_PROC            2
#define GC_DS_PER_OBJECT      3
#define GC_INDIR_PER_OBJ_BIAS 0x10
#define GC_MAKE_PROC(number, environment)                                                                            \
  (((((environment) << GC_LOG_MAX_MARK_PROCS) | (number)) << GC_DS_TAG_BITS) | GC_DS_PROC)

/* All objects lie between these. */
GC_API void *GC_least_plausible_heap_addr;
GC_API void *GC_greatest_plausible_heap_addr;

/* If `object` is one of the heap, it is marked, and what it points to will be. `source` is where the pointer stands. */
GC_API struct GC_ms_entry *GC_CALL GC_mark_and_push(void *object, struct GC_ms_entry *stack,
                                                    struct GC_ms_entry *limit, void **source);
#define GC_MARK_AND_PUSH(object, stack, limit, source)                                                               \
  ((GC_word)(object) >= (GC_word)GC_least_plausible_heap_addr &&                                                     \
           (GC_word)(object) <= (GC_word)GC_greatest_plausible_heap_addr                                             \
       ? GC_mark_and_push(object, stack, limit, source)                                                              \
       : (stack))

/* What GC_debug_malloc puts before an object: nothing, 0. */
GC_API size_t GC_CALL GC_get_debug_header_size(void) GC_ATTR_CONST;
#define GC_USR_PTR_FROM_BASE(object) ((void *)((char *)(object) + GC_get_debug_header_size()))
#ifdef GC_BUILD
GC_API const size_t GC_debug_header_size;
#else
GC_API GC_ATTR_DEPRECATED size_t GC_debug_header_size;
#endif

/* A new kind: its descriptor, whether the object's size is to be added to it, whether objects are to be zero. The list is
 * what GC_new_free_list returns. The program ends when there are more than 19 kinds of its own, or 56 procedures. */
GC_API void **GC_CALL GC_new_free_list(void);
GC_API void **GC_CALL GC_new_free_list_inner(void);
GC_API unsigned GC_CALL GC_new_kind(void **free_list, GC_word descriptor, int add_size, int clear) GC_ATTR_NONNULL(1);
GC_API unsigned GC_CALL GC_new_kind_inner(void **free_list, GC_word descriptor, int add_size, int clear)
    GC_ATTR_NONNULL(1);
/* A number for GC_MAKE_PROC. */
GC_API unsigned GC_CALL GC_new_proc(GC_mark_proc procedure);
GC_API unsigned GC_CALL GC_new_proc_inner(GC_mark_proc procedure);

/* Objects of a kind. */
GC_API void *GC_CALL GC_generic_malloc(size_t size, int kind) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_generic_malloc_ignore_off_page(size_t size, int kind) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_generic_malloc_uncollectable(size_t size, int kind) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_generic_or_special_malloc(size_t size, int kind) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_generic_or_special_malloc(size_t size, int kind, const char *file,
                                                        int line) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
#ifdef GC_DEBUG
#define GC_GENERIC_OR_SPECIAL_MALLOC(size, kind) GC_debug_generic_or_special_malloc(size, kind, GC_EXTRAS)
#else
#define GC_GENERIC_OR_SPECIAL_MALLOC(size, kind) GC_generic_or_special_malloc(size, kind)
#endif
/* The kind of an object, given its start, and its size if `size` isn't NULL. */
GC_API int GC_CALL GC_get_kind_and_size(const void *object, size_t *size) GC_ATTR_NONNULL(1);

/* Writes a word or two on an object of the kind, for reports, up to GC_TYPE_DESCR_LEN characters. */
typedef void(GC_CALLBACK *GC_describe_type_fn)(void *object, char *text);
#define GC_TYPE_DESCR_LEN 40
GC_API void GC_CALL GC_register_describe_type_fn(int kind, GC_describe_type_fn function);

/* Overwrites some of the stack below the caller's frame; returns its argument. */
GC_API void *GC_CALL GC_clear_stack(void *argument);

/* Called at the start of each collection, with the collector's lock held, while the program runs. */
typedef void(GC_CALLBACK *GC_start_callback_proc)(void);
GC_API void GC_CALL GC_set_start_callback(GC_start_callback_proc function);
GC_API GC_start_callback_proc GC_CALL GC_get_start_callback(void);

/* Marks of single objects, given their starts; with the lock held, or in a callback of a collection. Setting one also
 * keeps what the object points to. Clearing is not done: the object lives until the next collection. */
GC_API int GC_CALL GC_is_marked(const void *object) GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_clear_mark_bit(const void *object) GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_set_mark_bit(const void *object) GC_ATTR_NONNULL(1);

/* From a push_other_roots function: all words of [bottom, top) are roots. _eager takes pointers to anywhere in an object
 * and looks at once. */
GC_API void GC_CALL GC_push_all(void *bottom, void *top);
GC_API void GC_CALL GC_push_all_eager(void *bottom, void *top);
GC_API void GC_CALL GC_push_conditional(void *bottom, void *top, int all);
GC_API void GC_CALL GC_push_finalizer_structures(void);
/* Called in each collection for roots of the program's own. Call the one that was there before, too. */
typedef void(GC_CALLBACK *GC_push_other_roots_proc)(void);
GC_API void GC_CALL GC_set_push_other_roots(GC_push_other_roots_proc function);
GC_API GC_push_other_roots_proc GC_CALL GC_get_push_other_roots(void);
GC_API GC_push_other_roots_proc GC_push_other_roots;

/* function(object, bytes, data) for all live objects. Between GC_alloc_lock and GC_alloc_unlock. */
typedef void(GC_CALLBACK *GC_reachable_object_proc)(void *object, size_t bytes, void *data);
GC_API void GC_CALL GC_enumerate_reachable_objects_inner(GC_reachable_object_proc function, void *data)
    GC_ATTR_NONNULL(1);
/* 0. */
GC_API int GC_CALL GC_is_tmp_root(void *address);

#ifdef __cplusplus
}
#endif

#endif
