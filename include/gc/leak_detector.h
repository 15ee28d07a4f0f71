/*
 * leak_detector.h: included in each file of a program, it turns malloc and its kin into the collector's debugging ones;
 * with GC_set_find_leak(1) before GC_INIT, CHECK_LEAKS() reports what was lost.
 */
#ifndef GC_LEAK_DETECTOR_H
#define GC_LEAK_DETECTOR_H

#ifndef GC_DEBUG
#define GC_DEBUG
#endif
#include "gc.h"
#ifndef GC_DONT_INCLUDE_STDLIB
#include <stdlib.h>
#include <string.h>
#endif

#undef malloc
#undef calloc
#undef free
#undef realloc
#undef strdup
#undef strndup
#undef memalign
#undef posix_memalign
#define malloc(size)                             GC_MALLOC(size)
#define calloc(count, size)                      GC_MALLOC((count) * (size))
#define free(object)                             GC_FREE(object)
#define realloc(object, size)                    GC_REALLOC(object, size)
#define strdup(string)                           GC_STRDUP(string)
#define strndup(string, most)                    GC_STRNDUP(string, most)
#define memalign(alignment, size)                GC_memalign(alignment, size)
#define posix_memalign(pointer, alignment, size) GC_posix_memalign(pointer, alignment, size)

#ifndef CHECK_LEAKS
#define CHECK_LEAKS() GC_gcollect()
#endif

#endif
