/* gc_api.h: what the files of the collector's C interface share: gc.h with its names exported, and its words for kinds. */
#ifndef FREEHOLD_API_GC_API_H
#define FREEHOLD_API_GC_API_H

#define GC_API extern __attribute__((visibility("default")))
#define GC_BUILD
#define GC_NO_THREAD_REDIRECTS
#define GC_THREADS
#include "gc/gc.h"
#include "gc/gc_inline.h"
#include "gc/gc_mark.h"
#include "gc/gc_typed.h"

#include "collect/collect.h"

/* gc.h counts the first two kinds the other way round. */
ALWAYS_INLINE unsigned gc_kind_in(int kind) {
  return kind == GC_I_PTRFREE ? (unsigned)KIND_ATOMIC : kind == GC_I_NORMAL ? (unsigned)KIND_SCANNED : (unsigned)kind;
}
ALWAYS_INLINE int gc_kind_out(unsigned kind) {
  return kind == KIND_ATOMIC ? GC_I_PTRFREE : kind == KIND_SCANNED ? GC_I_NORMAL : (int)kind;
}

/* The object, or what the client's function for want of memory gives. */
void *gc_without_memory(size_t size);
ALWAYS_INLINE void *gc_or_oom(void *object, size_t size) {
  return LIKELY(object != NULL) ? object : gc_without_memory(size);
}

void gc_warn(const char *message, GC_word argument);

#endif
