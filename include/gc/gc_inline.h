/*
 * gc_inline.h: allocation from free lists of the program's own, without a call most of the time.
 *
 * A program keeps an array of GC_TINY_FREELISTS pointers, zero at first, for each kind of objects and, if it has
 * threads, for each thread; the array has to be where collections look. The macros take the first object of a list, and
 * fill an empty one with GC_generic_malloc_many. No byte is added to the size.
 */
#ifndef GC_INLINE_H
#define GC_INLINE_H

#include "gc.h"
#include "gc_tiny_fl.h"

#if defined(__GNUC__) || defined(__clang__)
#define GC_EXPECT(expression, outcome) __builtin_expect(expression, outcome)
#define GC_PREFETCH_FOR_WRITE(address) __builtin_prefetch((address), 1)
#else
#define GC_EXPECT(expression, outcome) (expression)
#define GC_PREFETCH_FOR_WRITE(address) (void)0
#endif
#ifndef GC_ASSERT
#ifdef NDEBUG
#define GC_ASSERT(expression)
#else
#include <assert.h>
#define GC_ASSERT(expression) assert(expression)
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds: not scanned, scanned. */
#define GC_I_PTRFREE 0
#define GC_I_NORMAL  1

/* Some objects of one size and kind, linked through their first words, to *result; NULL there when there is no memory. */
GC_API void GC_CALL GC_generic_malloc_many(size_t size, int kind, void **result);
/* One object of a kind. */
GC_API void *GC_CALL GC_malloc_kind(size_t size, int kind) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_malloc_kind_global(size_t size, int kind) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void GC_CALL GC_print_free_list(int kind, size_t granules);

#define GC_FAST_M_AO_STORE(list, next) (void)(*(list) = (next))

/*
 * result: an object of `granules` granules from lists[granules], or `otherwise` for what is too large for a list. With
 * direct > 0 and entries that began as (void *)1, so many granules are first allocated by `otherwise`, before the list
 * is filled; an entry below GC_TINY_FREELISTS + direct + 2 is that count. `prepare` runs when `result` was taken.
 */
#define GC_FAST_MALLOC_GRANS(result, granules, lists, direct, kind, otherwise, prepare)                              \
  do {                                                                                                               \
    if (GC_EXPECT((granules) >= GC_TINY_FREELISTS, 0)) {                                                             \
      result = (otherwise);                                                                                          \
    } else {                                                                                                         \
      void **gc_list = (lists) + (granules);                                                                         \
      void *gc_first = *gc_list;                                                                                     \
      for (;;) {                                                                                                     \
        if (GC_EXPECT((GC_word)gc_first > (direct) + GC_TINY_FREELISTS + 1, 1)) {                                    \
          void *gc_next = *(void **)gc_first;                                                                        \
          result = gc_first;                                                                                         \
          GC_FAST_M_AO_STORE(gc_list, gc_next);                                                                      \
          prepare;                                                                                                   \
          GC_PREFETCH_FOR_WRITE(gc_next);                                                                            \
          GC_ASSERT(GC_size(result) >= (granules)*GC_GRANULE_BYTES);                                                 \
          GC_ASSERT((kind) == GC_I_PTRFREE || ((GC_word *)result)[1] == 0);                                          \
          break;                                                                                                     \
        }                                                                                                            \
        if (gc_first != 0 && (GC_signed_word)gc_first - (GC_signed_word)(direct) <= 0) {                             \
          GC_FAST_M_AO_STORE(gc_list, (void *)((char *)gc_first + (granules) + 1));                                  \
          result = (otherwise);                                                                                      \
          break;                                                                                                     \
        }                                                                                                            \
        GC_generic_malloc_many((granules) == 0 ? GC_GRANULE_BYTES : GC_RAW_BYTES_FROM_INDEX(granules), (kind),       \
                               gc_list);                                                                             \
        gc_first = *gc_list;                                                                                         \
        if (gc_first == 0) {                                                                                         \
          result = (*GC_get_oom_fn())((granules)*GC_GRANULE_BYTES);                                                  \
          break;                                                                                                     \
        }                                                                                                            \
      }                                                                                                              \
    }                                                                                                                \
  } while (0)

#define GC_WORDS_TO_WHOLE_GRANULES(words) GC_WORDS_TO_GRANULES((words) + GC_GRANULE_WORDS - 1)

/* result: an object of so many words. */
#define GC_MALLOC_WORDS_KIND(result, words, lists, kind, prepare)                                                    \
  do {                                                                                                               \
    size_t gc_granules = GC_WORDS_TO_WHOLE_GRANULES(words);                                                          \
    GC_FAST_MALLOC_GRANS(result, gc_granules, lists, 0, kind, GC_malloc_kind(gc_granules *GC_GRANULE_BYTES, kind),   \
                         prepare);                                                                                   \
  } while (0)
#define GC_MALLOC_WORDS(result, words, lists)                                                                        \
  GC_MALLOC_WORDS_KIND(result, words, lists, GC_I_NORMAL, *(void **)(result) = 0)
#define GC_MALLOC_ATOMIC_WORDS(result, words, lists) GC_MALLOC_WORDS_KIND(result, words, lists, GC_I_PTRFREE, (void)0)
/* result: an object of two words that holds two pointers. */
#define GC_CONS(result, first, second, lists)                                                                        \
  do {                                                                                                               \
    void *gc_left = (void *)(first);                                                                                 \
    void *gc_right = (void *)(second);                                                                               \
    GC_MALLOC_WORDS_KIND(result, 2, lists, GC_I_NORMAL, (void)0);                                                    \
    if ((result) != 0) {                                                                                             \
      *(void **)(result) = gc_left;                                                                                  \
      GC_PTR_STORE_AND_DIRTY((void **)(result) + 1, gc_right);                                                       \
      GC_reachable_here(gc_left);                                                                                    \
    }                                                                                                                \
  } while (0)

#ifdef __cplusplus
}
#endif

#endif
