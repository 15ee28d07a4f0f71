#include "reach/sequence.h"
#include "space/kernel.h"

void *sequence_piece(size_t bytes) {
  bytes = align_up(bytes, kernel_page_bytes());
  intptr_t address = kernel.reserve(bytes);
  if (address < 0 && address > -4096)
    return NULL;
  if (kernel.commit((uintptr_t)address, bytes) != 0) {
    kernel.release((uintptr_t)address, bytes);
    return NULL;
  }
  return (void *)address;
}

void sequence_piece_release(void *piece, size_t bytes) {
  kernel.release((uintptr_t)piece, align_up(bytes, kernel_page_bytes()));
}

static size_t block_bytes(const struct sequence *sequence, unsigned block) {
  return sequence->record_bytes << (block + SEQUENCE_FIRST_SHIFT);
}

void *sequence_push(struct sequence *sequence) {
  unsigned block = highest_bit(sequence->count + ((size_t)1 << SEQUENCE_FIRST_SHIFT)) - SEQUENCE_FIRST_SHIFT;
  if (block >= SEQUENCE_BLOCKS)
    return NULL;
  if (sequence->blocks[block] == NULL) {
    sequence->blocks[block] = sequence_piece(block_bytes(sequence, block));
    if (sequence->blocks[block] == NULL)
      return NULL;
  }
  return sequence_at(sequence, sequence->count++);
}

void sequence_pop(struct sequence *sequence) {
  sequence->count--;
}

void sequence_clear(struct sequence *sequence) {
  sequence->count = 0;
}

void sequence_release(struct sequence *sequence) {
  for (unsigned block = 0; block < SEQUENCE_BLOCKS; block++)
    if (sequence->blocks[block] != NULL) {
      sequence_piece_release(sequence->blocks[block], block_bytes(sequence, block));
      sequence->blocks[block] = NULL;
    }
  sequence->count = 0;
}

static void exchange(struct sequence *sequence, size_t one, size_t other) {
  char *first = sequence_at(sequence, one), *second = sequence_at(sequence, other);
  for (size_t i = 0; i < sequence->record_bytes; i++) {
    char kept = first[i];
    first[i] = second[i];
    second[i] = kept;
  }
}

/* Lets the record at `index` sink to where no record below it belongs behind it. */
static void sink(struct sequence *sequence, size_t index, size_t count,
                 bool (*before)(const void *one, const void *other)) {
  for (;;) {
    size_t last = index;
    for (size_t child = 2 * index + 1; child <= 2 * index + 2 && child < count; child++)
      if (before(sequence_at(sequence, last), sequence_at(sequence, child)))
        last = child;
    if (last == index)
      return;
    exchange(sequence, index, last);
    index = last;
  }
}

void sequence_sort(struct sequence *sequence, bool (*before)(const void *one, const void *other)) {
  size_t count = sequence->count;
  for (size_t i = count / 2; i > 0; i--)
    sink(sequence, i - 1, count, before);
  for (size_t left = count; left > 1; left--) {
    exchange(sequence, 0, left - 1);
    sink(sequence, 0, left - 1, before);
  }
}
