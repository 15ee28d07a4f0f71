/*
 * calls.h: how a wrapper of one of libc's functions is stated.
 *
 * The checking library exports functions of libc's names. Each asks check/access.h about the bytes that the call
 * will touch, and then calls the function it stands for, the next of that name. What a call touches stands in
 * tables:
 *
 *   CALL(result, name, (parameters), (arguments), where, before, after)
 *
 *   where    when there may be something to check: AT(pointer) || AT(other), or ALWAYS. Else nothing more is done than
 *            to jump to the real function; that is the fast path, a few compares.
 *   before   effects that are checked before the real call
 *   after    those that depend on what it gave: `result`. errno is what the real function left.
 *
 * CALL_NOTHING is for functions without a result, CALL_BASIC for those that may be called when nothing has been set
 * up yet (own_NAME in calls_own.h does their work until then), CALL_BY_HAND(result, name, (parameters)) { body }
 * for what fits no table: printf, say; the body calls REAL(name).
 *
 * The C name of a wrapper is call_NAME, so that the tables don't fight with libc's headers or a compiler's
 * builtins; only the symbol is called NAME. Without standard names (FH_NO_STANDARD_NAMES) the symbol is call_NAME
 * as well, and hidden.
 *
 * A wrapper ends with jumps, not calls, so that what it takes for its caller's place is the program's. It may run
 * before the library's relocations are done, when another library's IFUNC resolver calls it: until `real` is set it
 * touches nothing but hidden variables.
 */
#ifndef FREEHOLD_API_CALLS_H
#define FREEHOLD_API_CALLS_H

#include "base/bits.h"
#include "check/access.h"
#include "guard/guard.h"
#include "space/space.h"

#include <errno.h>

/* One wrapped function. They stand in a section of their own, which is the list of them; aligned to exactly their size, so
 * that the linker leaves no gaps. `real` is atomic, and NULL until it was looked up. */
struct call {
  const char *name;
  void *real;
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct call) == 16, "a call's entry must be as large as its alignment");

/* Finds the real function; ends the program with a line if libc has none: there is nothing to go on with. */
COLD void *call_find(struct call *call);

/* Finds all of them. Once, at start; what comes before it finds its own. */
void calls_start(void);

/* The wrapped function of a number from 0 on; NULL behind the last. For tests. */
const struct call *calls_at(size_t number);

/* Which call, from where: what reports say. */
struct call_site {
  const char *call;
  struct stack_place place;
};

/* Whether something may be known of the address. */
ALWAYS_INLINE bool checkable(const volatile void *address) {
  return UNLIKELY(guard_contains((uintptr_t)address) || space_contains((uintptr_t)address));
}

/* Whether two stretches have bytes in common; those that are one and the same don't count. */
ALWAYS_INLINE bool overlap(const volatile void *left, const volatile void *right, size_t bytes) {
  uintptr_t apart = (uintptr_t)left - (uintptr_t)right;
  return UNLIKELY(apart != 0 && (apart < bytes || -apart < bytes));
}

ALWAYS_INLINE void *call_real(struct call *call) {
  void *real = __atomic_load_n(&call->real, __ATOMIC_ACQUIRE);
  return LIKELY(real != NULL) ? real : call_find(call);
}

#ifdef FH_NO_STANDARD_NAMES
#define CALL_SYMBOL(name) __asm__("call_" #name) INTERNAL
#else
#define CALL_SYMBOL(name) __asm__(#name) __attribute__((visibility("default")))
#endif

#define CALL_DECLARE(type, name, parameters)                                                                         \
  typedef type name##_function parameters;                                                                           \
  __attribute__((section("freehold_calls"), used)) static struct call name##_call = {#name, NULL};                   \
  type call_##name parameters CALL_SYMBOL(name);

/* The real function, for code by hand. */
#define REAL(name) ((name##_function *)call_real(&name##_call))

#define CALL_SITE(name)                                                                                              \
  const struct call_site site = {#name, STACK_HERE()};                                                               \
  (void)site

/* The way with checks is a function of its own, so that the other one needs no frame. `find` is what is called
 * while the real function is not known. */
#define CALL_FAST(type, name, parameters, arguments, where)                                                          \
  type call_##name parameters {                                                                                      \
    name##_function *real = (name##_function *)__atomic_load_n(&name##_call.real, __ATOMIC_ACQUIRE);                 \
    if (LIKELY(real != NULL && !(where)))                                                                            \
      return real arguments;                                                                                         \
    return name##_checked arguments;                                                                                 \
  }

#define CALL_FINDING(find, type, name, parameters, arguments, where, before, after)                                  \
  CALL_DECLARE(type, name, parameters)                                                                               \
  NOINLINE static type name##_checked parameters {                                                                   \
    name##_function *real = (name##_function *)__atomic_load_n(&name##_call.real, __ATOMIC_ACQUIRE);                 \
    if (UNLIKELY(real == NULL)) {                                                                                    \
      real = (name##_function *)(find);                                                                              \
      if (!(where))                                                                                                  \
        return real arguments;                                                                                       \
    }                                                                                                                \
    CALL_SITE(name);                                                                                                 \
    before;                                                                                                          \
    type result = real arguments;                                                                                    \
    after;                                                                                                           \
    access_done();                                                                                                   \
    return result;                                                                                                   \
  }                                                                                                                  \
  CALL_FAST(type, name, parameters, arguments, where)

#define CALL(type, name, parameters, arguments, where, before, after)                                                \
  CALL_FINDING(call_find(&name##_call), type, name, parameters, arguments, where, before, after)
#define CALL_BASIC(type, name, parameters, arguments, where, before, after)                                          \
  CALL_FINDING(own_##name, type, name, parameters, arguments, where, before, after)

#define CALL_NOTHING(name, parameters, arguments, where, before)                                                     \
  CALL_DECLARE(void, name, parameters)                                                                               \
  NOINLINE static void name##_checked parameters {                                                                   \
    name##_function *real = REAL(name);                                                                              \
    if (where) {                                                                                                     \
      CALL_SITE(name);                                                                                               \
      before;                                                                                                        \
    }                                                                                                                \
    real arguments;                                                                                                  \
    access_done();                                                                                                   \
  }                                                                                                                  \
  void call_##name parameters {                                                                                      \
    name##_function *real = (name##_function *)__atomic_load_n(&name##_call.real, __ATOMIC_ACQUIRE);                 \
    if (LIKELY(real != NULL && !(where)))                                                                            \
      real arguments;                                                                                                \
    else                                                                                                             \
      name##_checked arguments;                                                                                      \
  }

#define CALL_BY_HAND(type, name, parameters)                                                                         \
  CALL_DECLARE(type, name, parameters)                                                                               \
  type call_##name parameters

/* ---- Where ---- */

#define AT(pointer) checkable(pointer)
#define ALWAYS      true
#define NOTHING     (void)0

/* ---- Effects. Sizes are in bytes. ---- */

/* The values of these bytes are looked at. */
#define READS(pointer, bytes) access_read(site.call, site.place, (pointer), (bytes))
/* They are only carried to another place. */
#define CARRIES(pointer, bytes) access_carry(site.call, site.place, (pointer), (bytes))
/* All of them are overwritten, whatever comes. */
#define WRITES(pointer, bytes) access_write(site.call, site.place, (pointer), (bytes))
/* The value is a string; NULL and what is no object's is not looked at. */
#define STRING(pointer) effect_string(&site, (pointer), SIZE_MAX)
/* One of at most `most` bytes: without an end within them none is needed. */
#define STRING_WITHIN(pointer, most) effect_string(&site, (pointer), (most))
/* The same, and gives the length; the pointer has to be good. */
#define LENGTH(pointer)              access_string(site.call, site.place, (pointer), SIZE_MAX)
#define LENGTH_WITHIN(pointer, most) access_string(site.call, site.place, (pointer), (most))
/* The two must not overlap, but may be the same. */
#define APART(to, from, bytes) effect_apart(&site, (to), (from), (bytes))
/* Up to so many bytes may be written, perhaps by the kernel: it must be able to. Never reports: how many are
 * written is known only afterwards, and a program may promise more than it has as long as less comes. FILLED then
 * says how many; a kernel that met a page it could not write (EFAULT) has shown that the promise was wrong. */
#define OPENS(pointer, bytes)           effect_opens((pointer), (bytes))
#define FILLED(pointer, bytes, written) effect_filled(&site, (pointer), (bytes), (written), (intptr_t)result == -1)
/* The same for one object of a pointer's type that is filled when the call succeeds. */
#define OPENS_ONE(pointer)  OPENS(pointer, sizeof *(pointer))
#define FILLED_ONE(pointer) FILLED(pointer, sizeof *(pointer), (intptr_t)result == -1 ? 0 : sizeof *(pointer))
/* The kernel reads these bytes and writes them too. */
#define UPDATES(pointer, bytes) effect_updates(&site, (pointer), (bytes))
/* Somebody who can't be watched uses them. */
#define RELEASES(pointer, bytes) access_release((pointer), (bytes))

void effect_string(const struct call_site *site, const char *string, size_t most);
void effect_apart(const struct call_site *site, const void *to, const void *from, size_t bytes);
void effect_opens(const volatile void *pointer, size_t bytes);
void effect_filled(const struct call_site *site, void *pointer, size_t bytes, size_t written, bool failed);
void effect_updates(const struct call_site *site, void *pointer, size_t bytes);

/* A search for a byte value reads up to where it finds it. Returns how many of the bytes that is. */
size_t effect_search(const struct call_site *site, const void *memory, int byte, size_t bytes);

/* Two strings are read up to where they differ, at most `most` bytes. */
enum compare { COMPARE_EXACT, COMPARE_FOLDED };
void effect_compare(const struct call_site *site, const char *left, const char *right, size_t most,
                    enum compare compare);
/* The same of memory, which has to be there in full. */
void effect_compare_memory(const struct call_site *site, const void *left, const void *right, size_t bytes);

/* A string is read up to the first byte of a kind. What has no such byte must have an end. */
enum scan { SCAN_TO_BYTE, SCAN_TO_ANY_OF, SCAN_TO_NONE_OF, SCAN_NUMBER };
void effect_scan(const struct call_site *site, const char *string, enum scan scan, int byte, const char *set);

/* Strings of wchar_t: the length; at most `most` characters are looked at. */
size_t effect_wide_length(const struct call_site *site, const wchar_t *string, size_t most);
void effect_wide_string(const struct call_site *site, const wchar_t *string, size_t most);
/* As for bytes. */
void effect_wide_compare(const struct call_site *site, const wchar_t *left, const wchar_t *right, size_t most,
                         enum compare compare);
size_t effect_wide_search(const struct call_site *site, const wchar_t *memory, wchar_t wanted, size_t count);
void effect_wide_scan(const struct call_site *site, const wchar_t *string, enum scan scan, wchar_t wanted,
                      const wchar_t *set);

ALWAYS_INLINE size_t least(size_t left, size_t right) {
  return left < right ? left : right;
}

/* count * bytes, or SIZE_MAX. */
ALWAYS_INLINE size_t product(size_t count, size_t bytes) {
  size_t all;
  return __builtin_mul_overflow(count, bytes, &all) ? SIZE_MAX : all;
}

/* Bytes of so many wide characters. */
ALWAYS_INLINE size_t wide(size_t count) {
  return product(count, sizeof(wchar_t));
}

/* A result that counts what was written, and is negative on failure. */
ALWAYS_INLINE size_t positive(intptr_t result) {
  return result > 0 ? (size_t)result : 0;
}

#endif
