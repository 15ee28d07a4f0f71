/*
 * calls_memory.c: memcpy and its kin. The notation is explained in calls.h.
 *
 * The compiler must not find a memcpy to call in here: it would be the one defined here.
 */
#include "api/calls.h"
#include "api/calls_own.h"

#include <sys/types.h>

/* clang-format off */

#define COPY                                                                                                         \
  APART(to, from, bytes);                                                                                            \
  CARRIES(from, bytes);                                                                                              \
  WRITES(to, bytes)
/* Overlap is wrong wherever it is. */
#define COPY_WHERE AT(to) || AT(from) || overlap(to, from, bytes)
#define MOVE                                                                                                         \
  CARRIES(from, bytes);                                                                                              \
  WRITES(to, bytes)

CALL_BASIC(void *, memcpy, (void *to, const void *from, size_t bytes), (to, from, bytes), COPY_WHERE, COPY,
           NOTHING)
CALL_BASIC(void *, mempcpy, (void *to, const void *from, size_t bytes), (to, from, bytes), COPY_WHERE, COPY,
           NOTHING)
CALL(void *, __mempcpy, (void *to, const void *from, size_t bytes), (to, from, bytes), COPY_WHERE, COPY,
     NOTHING)
CALL_BASIC(void *, memmove, (void *to, const void *from, size_t bytes), (to, from, bytes), AT(to) || AT(from), MOVE,
           NOTHING)
CALL_NOTHING(bcopy, (const void *from, void *to, size_t bytes), (from, to, bytes), AT(to) || AT(from), MOVE)
CALL(void *, memccpy, (void *to, const void *from, int byte, size_t most), (to, from, byte, most), AT(to) || AT(from),
     size_t bytes = effect_search(&site, from, byte, most); WRITES(to, bytes); APART(to, from, bytes), NOTHING)

CALL_BASIC(void *, memset, (void *to, int byte, size_t bytes), (to, byte, bytes), AT(to), WRITES(to, bytes), NOTHING)
CALL_NOTHING(bzero, (void *to, size_t bytes), (to, bytes), AT(to), WRITES(to, bytes))
CALL_NOTHING(explicit_bzero, (void *to, size_t bytes), (to, bytes), AT(to), WRITES(to, bytes))

CALL_BASIC(int, memcmp, (const void *left, const void *right, size_t bytes), (left, right, bytes),
           AT(left) || AT(right),
           effect_compare_memory(&site, left, right, bytes), NOTHING)
CALL_BASIC(int, bcmp, (const void *left, const void *right, size_t bytes), (left, right, bytes), AT(left) || AT(right),
           effect_compare_memory(&site, left, right, bytes), NOTHING)

CALL_BASIC(void *, memchr, (const void *memory, int byte, size_t bytes), (memory, byte, bytes), AT(memory),
           effect_search(&site, memory, byte, bytes), NOTHING)
CALL(void *, rawmemchr, (const void *memory, int byte), (memory, byte), AT(memory),
     effect_search(&site, memory, byte, SIZE_MAX), NOTHING)
CALL(void *, __rawmemchr, (const void *memory, int byte), (memory, byte), AT(memory),
     effect_search(&site, memory, byte, SIZE_MAX), NOTHING)
/* Both of these may look anywhere, and where they look first is theirs. */
CALL(void *, memrchr, (const void *memory, int byte, size_t bytes), (memory, byte, bytes), AT(memory),
     CARRIES(memory, bytes), NOTHING)
CALL(void *, memmem, (const void *memory, size_t bytes, const void *wanted, size_t wanted_bytes),
     (memory, bytes, wanted, wanted_bytes), AT(memory) || AT(wanted),
     CARRIES(memory, bytes); CARRIES(wanted, wanted_bytes), NOTHING)
CALL_NOTHING(swab, (const void *from, void *to, ssize_t bytes), (from, to, bytes), AT(to) || AT(from),
             CARRIES(from, positive(bytes) & ~(size_t)1); WRITES(to, positive(bytes) & ~(size_t)1))

/* What _FORTIFY_SOURCE makes of the calls: `most` is how much the compiler saw of the destination. */
CALL(void *, __memcpy_chk, (void *to, const void *from, size_t bytes, size_t most), (to, from, bytes, most),
     AT(to) || AT(from), COPY, NOTHING)
CALL(void *, __mempcpy_chk, (void *to, const void *from, size_t bytes, size_t most), (to, from, bytes, most),
     AT(to) || AT(from), COPY, NOTHING)
CALL(void *, __memmove_chk, (void *to, const void *from, size_t bytes, size_t most), (to, from, bytes, most),
     AT(to) || AT(from), MOVE, NOTHING)
CALL(void *, __memset_chk, (void *to, int byte, size_t bytes, size_t most), (to, byte, bytes, most), AT(to),
     WRITES(to, bytes), NOTHING)
CALL_NOTHING(__explicit_bzero_chk, (void *to, size_t bytes, size_t most), (to, bytes, most), AT(to), WRITES(to, bytes))

/* Sorting moves elements about; what it compares is the program's own function's affair. */
typedef int compare_function(const void *left, const void *right);
typedef int compare_with_function(const void *left, const void *right, void *argument);
CALL_NOTHING(qsort, (void *base, size_t count, size_t bytes, compare_function *compare), (base, count, bytes, compare),
             AT(base), CARRIES(base, product(count, bytes)))
CALL_NOTHING(qsort_r, (void *base, size_t count, size_t bytes, compare_with_function *compare, void *argument),
             (base, count, bytes, compare, argument), AT(base), CARRIES(base, product(count, bytes)))
CALL(void *, bsearch, (const void *key, const void *base, size_t count, size_t bytes, compare_function *compare),
     (key, base, count, bytes, compare), AT(base), CARRIES(base, product(count, bytes)), NOTHING)
