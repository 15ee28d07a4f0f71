/*
 * workload.h: what every workload of the benchmark has in common.
 *
 * A workload is one program that does a fixed amount of work, checks what it wrote into its objects, and says nothing
 * when all is well. It defines `workload` and leaves main, the arguments and the report to workload.c:
 *
 *   NAME [--amount N] [--threads N] [--rss]
 *
 * --amount and --threads replace the defaults. --rss lets the program rest after its work, with everything freed, and
 * then prints one line "rss_after_free_bytes N": what an idle program still costs.
 *
 * The workloads use nothing of the C library that allocates (no stdio on the way, no qsort), so that what is measured
 * is what is written here.
 */
#ifndef FREEHOLD_BENCH_WORKLOAD_H
#define FREEHOLD_BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct workload {
  uint64_t amount;  /* how much work when nobody says: chosen for about half a second */
  unsigned threads; /* how many threads when nobody says; 1 for those that have none of their own */
  void (*run)(uint64_t amount, unsigned threads);
};

/* Defined by each workload, read by workload.c. */
extern const struct workload workload;

/* Says what went wrong on standard error and ends the program with status 1. */
__attribute__((noreturn, cold)) void workload_fail(const char *what);

/* `size` bytes from malloc; ends the program when there are none. */
void *workload_take(size_t size);

/* Runs `body(arguments[i])` on `threads` threads, arguments being `threads` records of `stride` bytes, and waits. */
void workload_on_threads(unsigned threads, void *(*body)(void *), void *arguments, size_t stride);

/* The next number of a stream whose state is *state, not 0 (Marsaglia's xorshift with Vigna's multiplier). */
static inline uint64_t workload_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545F4914F6CDD1Dull;
}

/* A number below `bound`, bound < 2^32. */
static inline uint64_t workload_random_below(uint64_t *state, uint64_t bound) {
  return ((workload_random(state) >> 32) * bound) >> 32;
}

/* Between 2^low and 2^high, every power of two as likely as the next: many small ones, a few large. */
static inline size_t workload_random_log_size(uint64_t *state, unsigned low, unsigned high) {
  unsigned shift = low + (unsigned)workload_random_below(state, high - low);
  return ((size_t)1 << shift) + workload_random_below(state, (uint64_t)1 << shift);
}

/* Marks an object of at least one byte at both ends; workload_check proves that nobody else wrote there. */
static inline void workload_mark(void *object, size_t size, uint8_t mark) {
  volatile uint8_t *bytes = (volatile uint8_t *)object;
  bytes[0] = mark;
  bytes[size - 1] = mark;
}

static inline void workload_check(const void *object, size_t size, uint8_t mark) {
  const volatile uint8_t *bytes = (const volatile uint8_t *)object;
  if (bytes[0] != mark || bytes[size - 1] != mark)
    workload_fail("an object lost its mark: another object overlaps it");
}

#ifdef __cplusplus
}
#endif
#endif
