/* bits.h: small arithmetic, branch hints and attributes that every room uses. */
#ifndef FREEHOLD_BASE_BITS_H
#define FREEHOLD_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define COLD                __attribute__((noinline, cold))
#define NOINLINE            __attribute__((noinline))
#define ALWAYS_INLINE       static inline __attribute__((always_inline))
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* For a variable that several files use: without it the compiler must reach it through the offset table. */
#define INTERNAL __attribute__((visibility("hidden")))

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

/* `alignment` is a power of two in all of these. */
ALWAYS_INLINE uintptr_t align_up(uintptr_t value, uintptr_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}
ALWAYS_INLINE uintptr_t align_down(uintptr_t value, uintptr_t alignment) {
  return value & ~(alignment - 1);
}
ALWAYS_INLINE bool is_power_of_two(size_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}
ALWAYS_INLINE size_t divide_up(size_t value, size_t by) {
  return (value + by - 1) / by;
}

/* Set bits of a word; without the instruction, which x86-64's baseline lacks, a call into libgcc would cost more. */
ALWAYS_INLINE unsigned count_bits(uint64_t word) {
  word -= word >> 1 & 0x5555555555555555u;
  word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return (unsigned)(word * 0x0101010101010101u >> 56);
}

/* Number of the highest set bit; value != 0. */
ALWAYS_INLINE unsigned highest_bit(size_t value) {
  return 63u - (unsigned)__builtin_clzl(value);
}

/* Whether the fast paths use the few instructions whose second result or flag a compiler doesn't find by itself. The
 * plain C beside each says what it does, and is what other processors and the thread sanitizer get. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(FH_PLAIN_C)
#define FAST_PATH_X86 1
#else
#define FAST_PATH_X86 0
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef FAST_PATH_X86
#define FAST_PATH_X86 0
#endif
#endif

/* A load of a field that others may write. x86-64 orders loads by itself, and a plain one may become an operand. */
#if FAST_PATH_X86
#define SHARED_LOAD(field) (field)
#else
#define SHARED_LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#endif

#endif
