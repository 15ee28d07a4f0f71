/*
 * sequence.h: records in the order they came, in memory straight from the kernel; as a list, a queue or a stack.
 *
 * Block b of a sequence holds 2^(b + SEQUENCE_FIRST_SHIFT) records, so an index says by itself where its record is,
 * and a record never moves. What sequences hold is known as a list of ranges, because it must not count as a root.
 *
 * Not thread-safe: the searching thread alone uses it, but for sequence_at of a record that was there before.
 */
#ifndef FREEHOLD_REACH_SEQUENCE_H
#define FREEHOLD_REACH_SEQUENCE_H

#include "base/bits.h"

#define SEQUENCE_FIRST_SHIFT 9
#define SEQUENCE_BLOCKS      36

/* Zeroed but for record_bytes it is empty. */
struct sequence {
  size_t record_bytes; /* fixed */
  size_t count;
  void *blocks[SEQUENCE_BLOCKS];
};

#define SEQUENCE_OF(type)                                                                                            \
  { .record_bytes = sizeof(type) }

/* A new record at the end, of undefined content. NULL when there is no memory. */
void *sequence_push(struct sequence *sequence);
void sequence_pop(struct sequence *sequence);
/* Forgets the records and keeps the memory. */
void sequence_clear(struct sequence *sequence);
void sequence_release(struct sequence *sequence);

ALWAYS_INLINE void *sequence_at(const struct sequence *sequence, size_t index) {
  size_t shifted = index + ((size_t)1 << SEQUENCE_FIRST_SHIFT);
  unsigned bit = highest_bit(shifted);
  return (char *)sequence->blocks[bit - SEQUENCE_FIRST_SHIFT] +
         (shifted - ((size_t)1 << bit)) * sequence->record_bytes;
}

/* Sorts by `before`, which says whether one record must stand before another; in place, n log n. */
void sequence_sort(struct sequence *sequence, bool (*before)(const void *one, const void *other));

/* One piece of such memory that is no record. NULL when there is none. */
void *sequence_piece(size_t bytes);
void sequence_piece_release(void *piece, size_t bytes);

#endif
