#include "heap/span.h"
#include "heap/misuse.h"

#include <string.h>

struct span no_span = {.kind = FH_SPAN_NONE};

/* Free descriptors by size in units; slice lock. The largest describes a slice of 16-byte slots. */
#define UNITS_MAX (2 + (FH_SPAN_FREE_BITS + (COLLECTED ? 3 : 2) * (SLICE_BYTES / GRANULE / 8)) / SPAN_UNIT)
static struct span *free_descriptors[UNITS_MAX];

struct class_shape {
  unsigned capacity, words, remote_offset, mark_offset, units;
};

static struct class_shape shape_of(unsigned class_index) {
  struct class_shape shape = {0, 0, FH_SPAN_FREE_BITS, FH_SPAN_FREE_BITS,
                              (unsigned)divide_up(FH_SPAN_FREE_BITS, SPAN_UNIT)};
  if (class_index == CLASS_NONE)
    return shape;
  shape.capacity = (unsigned)(class_slices(class_index) * SLICE_BYTES / class_bytes[class_index]);
  shape.words = (unsigned)divide_up(shape.capacity, 64);
  /* The two bitmaps don't share a cache line: one is the owner's, the other everybody's. */
  unsigned bitmap_bytes = shape.words * 8;
  shape.remote_offset = (unsigned)align_up(FH_SPAN_FREE_BITS + bitmap_bytes, SPAN_UNIT);
  shape.mark_offset = shape.remote_offset + bitmap_bytes;
  shape.units = (unsigned)divide_up(shape.mark_offset + (COLLECTED ? bitmap_bytes : 0), SPAN_UNIT);
  return shape;
}

static struct span *free_descriptor(unsigned units) {
  struct span *span = free_descriptors[units];
  if (span == NULL)
    return NULL;
  free_descriptors[units] = span->next;
  /* Whoever has just freed the last object that it described may still look at it. */
  for (uint64_t *field = (uint64_t *)span; field < (uint64_t *)(span + 1); field++)
    __atomic_store_n(field, 0, __ATOMIC_RELAXED);
  span->descriptor_units = (uint8_t)units;
  return span;
}

struct span *span_descriptor_take(unsigned class_index) {
  unsigned units = shape_of(class_index).units;
  struct span *span = free_descriptor(units);
  if (span == NULL) {
    span = space_metadata(units * SPAN_UNIT);
    if (span != NULL)
      span->descriptor_units = (uint8_t)units;
  }
  /* Without memory for more, a larger one does. */
  while (span == NULL && ++units < UNITS_MAX)
    span = free_descriptor(units);
  return span;
}

void span_descriptor_give(struct span *span) {
  span->kind = FH_SPAN_NONE;
  span_close(span);
  span->next = free_descriptors[span->descriptor_units];
  free_descriptors[span->descriptor_units] = span;
}

void span_format(struct span *span, unsigned class_index) {
  struct class_shape shape = shape_of(class_index);
  uint32_t bytes = class_bytes[class_index];
  span->capacity = (uint16_t)shape.capacity;
  span->words = (uint8_t)shape.words;
  span->remote_offset = (uint16_t)shape.remote_offset;
  span->mark_offset = (uint16_t)shape.mark_offset;
  span->class_index = (uint8_t)class_index;
  span->object_bytes = bytes;
  span->slot_bytes = bytes;
  span->inverse = slot_inverse(bytes);
  __atomic_store_n(&span->exact_bound, span_is_long(span) ? 0 : span_exact_bound(span), __ATOMIC_RELAXED);
  span->purged = 0;
  span->touched_words = 0;
  span->walk_live = 0;
  uint64_t *free_bits = span_free_bits(span);
  uint64_t *remote_bits = span_remote_bits(span);
  for (unsigned i = 0; i < shape.words; i++) {
    __atomic_store_n(&free_bits[i], ~(uint64_t)0, __ATOMIC_RELAXED);
    __atomic_store_n(&remote_bits[i], 0, __ATOMIC_RELAXED);
  }
  if (COLLECTED)
    memset(span_mark_bits(span), 0, shape.words * sizeof(uint64_t));
  if (shape.capacity % 64 != 0)
    __atomic_store_n(&free_bits[shape.words - 1], ((uint64_t)1 << shape.capacity % 64) - 1, __ATOMIC_RELAXED);
}

uint64_t span_take_remote_bits(struct span *span, unsigned number) {
  uint64_t *word = &span_free_bits(span)[number];
  uint64_t bits = __atomic_load_n(word, __ATOMIC_RELAXED);
  uint64_t taken = __atomic_exchange_n(&span_remote_bits(span)[number], 0, __ATOMIC_ACQUIRE);
  if (UNLIKELY((taken & bits) != 0)) {
    if (!COLLECTED) { /* a sweep may have found dead what its owner was about to free */
      unsigned slot = number * 64 + (unsigned)__builtin_ctzll(taken & bits);
      misuse_double_free("free", span->start + slot * span->object_bytes, span->object_bytes);
    }
    taken &= ~bits;
  }
  span->freed_calls += count_bits(taken);
  span->free_slots += (uint16_t)count_bits(taken);
  bits |= taken;
  __atomic_store_n(word, bits, __ATOMIC_RELAXED);
  return bits;
}

unsigned span_take_all_remote(struct span *span) {
  unsigned free_slots = 0;
  for (unsigned i = 0; i < span->words; i++)
    free_slots += count_bits(span_take_remote(span, i));
  return free_slots;
}

void span_take_cached(struct span *span) {
  if (__atomic_load_n(&span->cached, __ATOMIC_RELAXED) == 0)
    return;
  uint32_t taken = __atomic_exchange_n(&span->cached, 0, __ATOMIC_ACQUIRE);
  span->freed_calls += taken >> FH_CACHED_FREE_SHIFT;
  span->purged &= (uint16_t)~taken;
  span_set_free(span, 0, taken & FH_CACHED_SLOTS);
}

unsigned span_sweep(struct span *span, unsigned spared) {
  uint64_t *free_bits = span_free_bits(span);
  uint64_t *remote_bits = span_remote_bits(span);
  uint64_t *mark_bits = span_mark_bits(span);
  uint64_t cached = __atomic_load_n(&span->cached, __ATOMIC_ACQUIRE) & FH_CACHED_SLOTS; /* of a long span: one word */
  unsigned freed = 0;
  for (unsigned i = 0; i < span->words; i++) {
    uint64_t all =
        i + 1u == span->words && span->capacity % 64 != 0 ? ((uint64_t)1 << span->capacity % 64) - 1 : ~(uint64_t)0;
    uint64_t kept = mark_bits[i] | __atomic_load_n(&free_bits[i], __ATOMIC_RELAXED) |
                    __atomic_load_n(&remote_bits[i], __ATOMIC_RELAXED) | (i == 0 ? cached : 0);
    mark_bits[i] = 0;
    uint64_t dead = all & ~kept;
    if (dead == 0 || i == spared)
      continue;
    if (COLLECTED && UNLIKELY(collected.last_word != NULL) && (dead &= ~collected.last_word(span, i, dead)) == 0)
      continue;
    freed += count_bits(dead);
    if (COLLECTED && UNLIKELY(collected.died != NULL))
      collected.died(span, i, dead);
    __atomic_fetch_or(&remote_bits[i], dead, __ATOMIC_ACQ_REL);
  }
  if (freed != 0 && __atomic_load_n(&span->exact_bound, __ATOMIC_RELAXED) != 0)
    __atomic_store_n(&span->exact_bound, 0, __ATOMIC_SEQ_CST);
  return freed;
}

void span_count_cached(struct span *span) {
  if (__atomic_load_n(&span->cached, __ATOMIC_RELAXED) >> FH_CACHED_FREE_SHIFT != 0)
    span->freed_calls += __atomic_fetch_and(&span->cached, FH_CACHED_SLOTS, __ATOMIC_RELAXED) >> FH_CACHED_FREE_SHIFT;
}

unsigned span_live(struct span *span) {
  uint64_t *free_bits = span_free_bits(span);
  uint64_t *remote_bits = span_remote_bits(span);
  unsigned gone = 0;
  for (unsigned i = 0; i < span->words; i++)
    gone += count_bits(__atomic_load_n(&free_bits[i], __ATOMIC_RELAXED) |
                       __atomic_load_n(&remote_bits[i], __ATOMIC_ACQUIRE));
  gone += count_bits(__atomic_load_n(&span->cached, __ATOMIC_ACQUIRE) & FH_CACHED_SLOTS);
  return span->capacity - gone;
}

unsigned span_free_slots(struct span *span) {
  return span_has_remote_frees(span) ? span_take_all_remote(span) : span->free_slots + span_counted_frees(span);
}

void span_set_countdown(struct span *span, uint32_t countdown, unsigned free_slots) {
  span->freed_calls += span_counted_frees(span);
  span->countdown_start = countdown;
  span->free_slots = (uint16_t)free_slots;
  __atomic_store_n(&span->countdown, countdown, __ATOMIC_RELAXED);
}

void span_list_append(struct span_list *list, struct span *span) {
  span->previous = list->last;
  span->next = NULL;
  if (list->last != NULL)
    list->last->next = span;
  else
    list->first = span;
  list->last = span;
}

void span_list_prepend(struct span_list *list, struct span *span) {
  span->previous = NULL;
  span->next = list->first;
  if (list->first != NULL)
    list->first->previous = span;
  else
    list->last = span;
  list->first = span;
}

void span_list_remove(struct span_list *list, struct span *span) {
  if (span->previous != NULL)
    span->previous->next = span->next;
  else
    list->first = span->next;
  if (span->next != NULL)
    span->next->previous = span->previous;
  else
    list->last = span->previous;
}
