#include "heap/sampling.h"
#include "heap/sampled.h"
#include "heap/thread.h"
#include "space/kernel.h"

/* A free that ends the countdown picks one of the next so many allocations: of a program that allocates and frees in a
 * fixed order, the one that comes next is always the same. */
#define TURNS_MOST 64u
#define DRAW_MOST  ((uint64_t)INT32_MAX)

struct sampling sampling;

static uint64_t random_state; /* atomic */

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014 (splitmix64). */
static uint64_t random_word(void) {
  uint64_t word = __atomic_add_fetch(&random_state, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
  word = (word ^ word >> 27) * 0x94d049bb133111ebu;
  return word ^ word >> 31;
}

uint32_t sampling_random(uint32_t bound) {
  return (uint32_t)((random_word() >> 32) * bound >> 32);
}

/* -log2 of (word + 1) / 2^64, in units of 2^-16. Between powers of two by a parabola, at most 0.008 off. */
static uint64_t minus_log2(uint64_t word) {
  if (word == UINT64_MAX)
    return 0;
  word++;
  unsigned exponent = highest_bit(word);
  uint64_t fraction = exponent >= 16 ? word >> (exponent - 16) & 0xffff : word << (16 - exponent) & 0xffff;
  const uint64_t bend = 22713; /* 0.3466 */
  uint64_t logarithm = ((uint64_t)exponent << 16) + fraction + ((fraction * (0x10000 - fraction) >> 16) * bend >> 16);
  return ((uint64_t)64 << 16) - logarithm;
}

/* The waiting time of a process without memory: exponential, rounded up to whole allocations. */
uint32_t sampling_draw(void) {
  if (sampling.one_in == 1)
    return 1;
  const uint64_t natural = 45426; /* ln 2 in units of 2^-16 */
  uint64_t time = (minus_log2(random_word()) * natural >> 16) * sampling.one_in >> 16;
  return time < DRAW_MOST ? (uint32_t)time + 1 : (uint32_t)DRAW_MOST;
}

COLD void sampling_window(struct heap *heap, struct bin *bin) {
  if (bin->until_sample != 0)
    return;
  if (heap->sample_left == 0)
    heap->sample_left = sampling_draw();
  unsigned slots = count_bits(__atomic_load_n(bin->word, __ATOMIC_RELAXED));
  if (heap->sample_left > slots) {
    heap->sample_left -= slots;
  } else {
    bin->until_sample = (uint16_t)heap->sample_left;
    heap->sample_left = 0;
  }
}

COLD void *sampling_turn(struct heap *heap, struct bin *bin, size_t size, size_t alignment) {
  if (--bin->until_sample != 0)
    return NULL;
  void *object = sampled_take(size, alignment);
  sampling_window(heap, bin); /* what is left of it */
  thread_view_show(heap, bin);
  return object;
}

COLD void *sampling_long(struct heap *heap, size_t size, size_t alignment) {
  if (heap->sample_left == 0)
    heap->sample_left = sampling_draw();
  return --heap->sample_left == 0 ? sampled_take(size, alignment) : NULL;
}

COLD void sampling_freed(struct heap *heap, const struct span *span, size_t index) {
  struct bin *bin = &heap->bins[span->class_index];
  if (bin->span != span || bin->word_number != index / 64 || bin->until_sample != 0)
    return;
  bin->until_sample =
      (uint16_t)(1 + sampling_random(sampling.one_in < TURNS_MOST ? (uint32_t)sampling.one_in : TURNS_MOST));
  thread_view_show(heap, bin);
}

void sampling_start(uint64_t one_in) {
  random_state = kernel_random_seed();
  sampling.one_in = one_in;
  struct heap *heap = thread_heap;
  if (heap == NULL)
    return;
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    struct bin *bin = &heap->bins[i];
    if (bin->span == NULL)
      continue;
    span_set_countdown(bin->span, sampling_draw(), span_current_frees(bin->span));
    sampling_window(heap, bin);
    thread_view_show(heap, bin);
  }
}

void sampling_after_fork_in_child(void) {
  __atomic_fetch_xor(&random_state, kernel_now() ^ (uint64_t)kernel_process_id() << 32, __ATOMIC_RELAXED);
}
