/* gc_typed.c: objects that say which of their words are pointers; see gc/gc_typed.h. */
#include "api/gc_api.h"

#include <string.h>

#define WORD_BITS (8 * sizeof(GC_word))

/* A bitmap of up to 62 words becomes a bitmap descriptor. A longer one says how far the last pointer is: more words than
 * asked for are looked at, which retains more and loses nothing. */
GC_descr GC_make_descriptor(const GC_word *bitmap, size_t bits) {
  size_t last = 0;
  bool any = false, all = true;
  for (size_t i = 0; i < bits; i++)
    if (GC_get_bit(bitmap, i)) {
      last = i;
      any = true;
    }
  if (!any)
    return 0;
  for (size_t i = 0; i < last; i++)
    all = all && GC_get_bit(bitmap, i) != 0;
  if (all || last >= WORD_BITS - GC_DS_TAG_BITS)
    return (last + 1) * sizeof(GC_word);
  GC_descr descriptor = GC_DS_BITMAP;
  for (size_t i = 0; i <= last; i++)
    if (GC_get_bit(bitmap, i))
      descriptor |= (GC_word)1 << (WORD_BITS - 1 - i);
  return descriptor;
}

/* The descriptor goes into the last word of the slot, which therefore is one longer than asked for. */
void *GC_malloc_explicitly_typed(size_t size, GC_descr descriptor) {
  if (descriptor == 0)
    return GC_malloc_atomic(size);
  if (size > PTRDIFF_MAX)
    return gc_without_memory(size);
  void *object = gc_or_oom(collect_allocate(size + sizeof descriptor, KIND_TYPED), size);
  struct collect_object slot;
  if (object != NULL && collect_object_at(object, &slot) && slot.kind == KIND_TYPED)
    memcpy((char *)slot.start + slot.bytes - sizeof descriptor, &descriptor, sizeof descriptor);
  return object;
}
void *GC_malloc_explicitly_typed_ignore_off_page(size_t size, GC_descr descriptor) {
  return GC_malloc_explicitly_typed(size, descriptor);
}
/* An array is looked at as a whole, word by word. */
void *GC_calloc_explicitly_typed(size_t count, size_t size, GC_descr descriptor) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return gc_without_memory(SIZE_MAX);
  if (descriptor == 0) {
    void *object = GC_malloc_atomic(bytes);
    return object != NULL ? memset(object, 0, bytes) : NULL;
  }
  return count == 1 ? GC_malloc_explicitly_typed(size, descriptor) : GC_malloc(bytes);
}
