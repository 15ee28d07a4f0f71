/*
 * expect.h: what every test here uses to say what must hold, and under which names it calls the heap.
 *
 * A test built with TEST_FH_NAMES calls fh_malloc, fh_free ... (for builds of the library without the standard names,
 * such as those under the sanitizers); else malloc, free ... Write API(malloc)(n).
 */
#ifndef FREEHOLD_TESTS_EXPECT_H
#define FREEHOLD_TESTS_EXPECT_H

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "freehold.h"

#ifdef TEST_FH_NAMES
#define API(name) fh_##name
#else
#define API(name) name
#ifdef __cplusplus
extern "C" {
#endif
/* Names that the C library's headers may not have, nor the C library itself. */
#ifdef TEST_PRELOADED
#define ONLY_AT_RUN_TIME __attribute__((weak))
#else
#define ONLY_AT_RUN_TIME
#endif
ONLY_AT_RUN_TIME void *reallocf(void *pointer, size_t size);
ONLY_AT_RUN_TIME void free_sized(void *pointer, size_t size);
ONLY_AT_RUN_TIME void free_aligned_sized(void *pointer, size_t alignment, size_t size);
#ifndef __GLIBC__
ONLY_AT_RUN_TIME void *pvalloc(size_t size);
ONLY_AT_RUN_TIME int malloc_trim(size_t pad);
#endif
#ifdef __cplusplus
}
#endif
#endif

/* Ends the test with a line that says what did not hold. Uses no heap: that is what may be broken. */
__attribute__((noreturn)) static inline void expect_failed(const char *file, int line, const char *what,
                                                           unsigned long long got, unsigned long long wanted) {
  char text[512];
  int length = snprintf(text, sizeof text, "%s:%d: does not hold: %s  (left %llu = 0x%llx, right %llu, errno %d)\n",
                        file, line, what, got, got, wanted, errno);
  if (length > (int)sizeof text - 1)
    length = (int)sizeof text - 1;
  if (write(STDERR_FILENO, text, (size_t)length) < 0)
    _exit(2);
  _exit(1);
}

#define EXPECT(condition)                                                                                            \
  do {                                                                                                               \
    if (!(condition))                                                                                                \
      expect_failed(__FILE__, __LINE__, #condition, 0, 0);                                                           \
  } while (0)

/* Both sides are integers or pointers. */
#define EXPECT_EQUAL(left, right)                                                                                    \
  do {                                                                                                               \
    unsigned long long left_value = (unsigned long long)(left);                                                      \
    unsigned long long right_value = (unsigned long long)(right);                                                    \
    if (left_value != right_value)                                                                                   \
      expect_failed(__FILE__, __LINE__, #left " == " #right, left_value, right_value);                               \
  } while (0)

#define EXPECT_ALIGNED(pointer, alignment) EXPECT_EQUAL((uintptr_t)(pointer) % (alignment), 0)

/* `size` through a variable the compiler can't see into: else it warns of, or works out, impossible sizes. */
static inline size_t opaque_size(size_t size) {
  volatile size_t hidden = size;
  return hidden;
}

/* `pointer` likewise, so that a pair of malloc and free is not optimized away and misuse compiles. */
static inline void *opaque_pointer(const void *pointer) {
  void *volatile hidden = (void *)(uintptr_t)pointer;
  return hidden;
}

static inline bool all_bytes_are(const void *memory, unsigned char value, size_t size) {
  const unsigned char *bytes = (const unsigned char *)memory;
  /* All are the same when each equals the next. */
  return size == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Content that tells an object from every other one: eight bytes at a time, a function of a seed and the offset. */
static inline uint64_t pattern_word(uint64_t seed, size_t offset) {
  return (seed * 0x9e3779b97f4a7c15ull) ^ ((offset / 8 + 1) * 0xbf58476d1ce4e5b9ull);
}

static inline unsigned char pattern_byte(uint64_t seed, size_t offset) {
  return (unsigned char)(pattern_word(seed, offset) >> (8 * (offset % 8)));
}

static inline void pattern_fill(void *memory, size_t size, uint64_t seed) {
  unsigned char *bytes = (unsigned char *)memory;
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    uint64_t word = pattern_word(seed, at);
    memcpy(bytes + at, &word, 8);
  }
  for (; at < size; at++)
    bytes[at] = pattern_byte(seed, at);
}

static inline bool pattern_holds(const void *memory, size_t size, uint64_t seed) {
  const unsigned char *bytes = (const unsigned char *)memory;
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    uint64_t word;
    memcpy(&word, bytes + at, 8);
    if (word != pattern_word(seed, at))
      return false;
  }
  for (; at < size; at++)
    if (bytes[at] != pattern_byte(seed, at))
      return false;
  return true;
}

/* Random numbers that are the same on every run with one seed (splitmix64). */
static inline uint64_t random_next(uint64_t *state) {
  uint64_t word = (*state += 0x9e3779b97f4a7c15ull);
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ull;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebull;
  return word ^ (word >> 31);
}

/* A size whose logarithm is uniform between 2^low and 2^high. */
static inline size_t random_size(uint64_t *state, unsigned low, unsigned high) {
  uint64_t word = random_next(state);
  unsigned octave = low + (unsigned)(word % (high - low));
  size_t base = (size_t)1 << octave;
  return base + (word >> 32) % base;
}

/* A figure of /proc/self/status in KiB, e.g. "VmRSS:"; 0 when it can't be read. Uses no heap. */
static inline size_t status_kib(const char *field) {
  int fd = open("/proc/self/status", O_RDONLY);
  if (fd < 0)
    return 0;
  char text[8192];
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0)
    return 0;
  text[got] = 0;
  const char *at = strstr(text, field);
  return at ? (size_t)strtoul(at + strlen(field), NULL, 10) : 0;
}

#endif
