/*
 * gc_typed.h: objects whose words are known to be pointers or not.
 *
 *   GC_word bitmap[GC_BITMAP_SIZE(T)] = {0};
 *   GC_set_bit(bitmap, GC_WORD_OFFSET(T, field));
 *   GC_descr descriptor = GC_make_descriptor(bitmap, GC_WORD_LEN(T));
 */
#ifndef GC_TYPED_H
#define GC_TYPED_H

#include "gc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The lowest bit of the first word stands for the first word of the object; 1: it may be a pointer. */
typedef GC_word *GC_bitmap;
#define GC_WORDSZ                 (8 * sizeof(GC_word))
#define GC_get_bit(bitmap, index) (((bitmap)[(index) / GC_WORDSZ] >> ((index) % GC_WORDSZ)) & 1)
#define GC_set_bit(bitmap, index) ((bitmap)[(index) / GC_WORDSZ] |= (GC_word)1 << ((index) % GC_WORDSZ))
#define GC_WORD_OFFSET(t, f)      (offsetof(t, f) / sizeof(GC_word))
#define GC_WORD_LEN(t)            (sizeof(t) / sizeof(GC_word))
#define GC_BITMAP_SIZE(t)         ((GC_WORD_LEN(t) + GC_WORDSZ - 1) / GC_WORDSZ)

typedef GC_word GC_descr;

/* A descriptor for objects whose first `bits` words are as the bitmap says, and whose others are no pointers. Once for a
 * type, not once for an object: it may take memory that is never given back. Without memory: one that takes all words
 * for pointers. */
GC_API GC_descr GC_CALL GC_make_descriptor(const GC_word *bitmap, size_t bits);
/* Objects that it describes, and arrays of them; all zero. Not for GC_realloc. */
GC_API void *GC_CALL GC_malloc_explicitly_typed(size_t size, GC_descr descriptor) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_malloc_explicitly_typed_ignore_off_page(size_t size, GC_descr descriptor) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_calloc_explicitly_typed(size_t count, size_t size, GC_descr descriptor) GC_ATTR_MALLOC
    GC_ATTR_CALLOC_SIZE(1, 2);

#ifdef GC_DEBUG
#define GC_MALLOC_EXPLICITLY_TYPED(size, descriptor)        ((void)(descriptor), GC_MALLOC(size))
#define GC_CALLOC_EXPLICITLY_TYPED(count, size, descriptor) ((void)(descriptor), GC_MALLOC((count) * (size)))
#else
#define GC_MALLOC_EXPLICITLY_TYPED(size, descriptor)        GC_malloc_explicitly_typed(size, descriptor)
#define GC_CALLOC_EXPLICITLY_TYPED(count, size, descriptor) GC_calloc_explicitly_typed(count, size, descriptor)
#endif

#ifdef __cplusplus
}
#endif

#endif
