/*
 * calls_wide.c: the functions on wide characters and strings. The notation is explained in calls.h; counts are of
 * characters, the effects' sizes of bytes.
 */
#include "api/calls.h"

#include <locale.h>
#include <stdlib.h>
#include <wchar.h>

/* clang-format off */

#define WIDE_LENGTH(string, most) effect_wide_length(&site, (string), (most))
#define WIDE_STRING(string)       effect_wide_string(&site, (string), SIZE_MAX)

/* ---- wmem ---- */

#define COPY                                                                                                         \
  APART(to, from, wide(count));                                                                                      \
  CARRIES(from, wide(count));                                                                                        \
  WRITES(to, wide(count))
#define MOVE                                                                                                         \
  CARRIES(from, wide(count));                                                                                        \
  WRITES(to, wide(count))

CALL(wchar_t *, wmemcpy, (wchar_t *to, const wchar_t *from, size_t count), (to, from, count), AT(to) || AT(from), COPY,
     NOTHING)
CALL(wchar_t *, wmempcpy, (wchar_t *to, const wchar_t *from, size_t count), (to, from, count), AT(to) || AT(from),
     COPY, NOTHING)
CALL(wchar_t *, wmemmove, (wchar_t *to, const wchar_t *from, size_t count), (to, from, count), AT(to) || AT(from),
     MOVE, NOTHING)
CALL(wchar_t *, wmemset, (wchar_t *to, wchar_t character, size_t count), (to, character, count), AT(to),
     WRITES(to, wide(count)), NOTHING)
CALL(int, wmemcmp, (const wchar_t *left, const wchar_t *right, size_t count), (left, right, count),
     AT(left) || AT(right),
     effect_compare_memory(&site, left, right, wide(count)), NOTHING)
CALL(wchar_t *, wmemchr, (const wchar_t *memory, wchar_t wanted, size_t count), (memory, wanted, count), AT(memory),
     effect_wide_search(&site, memory, wanted, count), NOTHING)
CALL(wchar_t *, __wmemcpy_chk, (wchar_t *to, const wchar_t *from, size_t count, size_t room), (to, from, count, room),
     AT(to) || AT(from), COPY, NOTHING)
CALL(wchar_t *, __wmempcpy_chk, (wchar_t *to, const wchar_t *from, size_t count, size_t room), (to, from, count, room),
     AT(to) || AT(from), COPY, NOTHING)
CALL(wchar_t *, __wmemmove_chk, (wchar_t *to, const wchar_t *from, size_t count, size_t room), (to, from, count, room),
     AT(to) || AT(from), MOVE, NOTHING)
CALL(wchar_t *, __wmemset_chk, (wchar_t *to, wchar_t character, size_t count, size_t room),
     (to, character, count, room),
     AT(to), WRITES(to, wide(count)), NOTHING)

/* ---- Length and copies ---- */

CALL(size_t, wcslen, (const wchar_t *string), (string), AT(string), WIDE_STRING(string), NOTHING)
CALL(size_t, wcsnlen, (const wchar_t *string, size_t most), (string, most), AT(string), WIDE_LENGTH(string, most),
     NOTHING)

#define COPY_STRING                                                                                                  \
  size_t bytes = wide(WIDE_LENGTH(from, SIZE_MAX) + 1);                                                              \
  APART(to, from, bytes);                                                                                            \
  WRITES(to, bytes)
#define COPY_STRING_PADDED                                                                                           \
  size_t length = WIDE_LENGTH(from, count);                                                                          \
  APART(to, from, wide(least(length + 1, count)));                                                                   \
  WRITES(to, wide(count))
#define APPEND_STRING(most)                                                                                          \
  size_t length = WIDE_LENGTH(to, SIZE_MAX);                                                                         \
  size_t bytes = wide(WIDE_LENGTH(from, most) + 1);                                                                  \
  APART(to + length, from, bytes);                                                                                   \
  WRITES(to + length, bytes)

#define COPY_CALL(name)                                                                                              \
  CALL(wchar_t *, name, (wchar_t *to, const wchar_t *from), (to, from), AT(to) || AT(from), COPY_STRING, NOTHING)     \
  CALL(wchar_t *, __##name##_chk, (wchar_t *to, const wchar_t *from, size_t room), (to, from, room),                 \
       AT(to) || AT(from), COPY_STRING, NOTHING)
#define COPY_PADDED_CALL(name)                                                                                       \
  CALL(wchar_t *, name, (wchar_t *to, const wchar_t *from, size_t count), (to, from, count), AT(to) || AT(from),     \
       COPY_STRING_PADDED, NOTHING)                                                                                  \
  CALL(wchar_t *, __##name##_chk, (wchar_t *to, const wchar_t *from, size_t count, size_t room),                     \
       (to, from, count, room), AT(to) || AT(from), COPY_STRING_PADDED, NOTHING)
COPY_CALL(wcscpy)
COPY_CALL(wcpcpy)
COPY_PADDED_CALL(wcsncpy)
COPY_PADDED_CALL(wcpncpy)
CALL(wchar_t *, wcscat, (wchar_t *to, const wchar_t *from), (to, from), AT(to) || AT(from), APPEND_STRING(SIZE_MAX),
     NOTHING)
CALL(wchar_t *, wcsncat, (wchar_t *to, const wchar_t *from, size_t most), (to, from, most), AT(to) || AT(from),
     APPEND_STRING(most), NOTHING)
CALL(wchar_t *, __wcscat_chk, (wchar_t *to, const wchar_t *from, size_t room), (to, from, room), AT(to) || AT(from),
     APPEND_STRING(SIZE_MAX), NOTHING)
CALL(wchar_t *, __wcsncat_chk, (wchar_t *to, const wchar_t *from, size_t most, size_t room), (to, from, most, room),
     AT(to) || AT(from), APPEND_STRING(most), NOTHING)

CALL_BY_HAND(wchar_t *, wcsdup, (const wchar_t *string)) {
  CALL_SITE(wcsdup);
  size_t length = WIDE_LENGTH(string, SIZE_MAX);
  wchar_t *copy = malloc(wide(length + 1));
  if (copy != NULL) {
    CARRIES(string, wide(length));
    WRITES(copy, wide(length + 1));
    for (size_t i = 0; i < length; i++)
      copy[i] = string[i];
    copy[length] = 0;
  }
  access_done();
  return copy;
}

/* ---- Comparisons, searches, pieces ---- */

#define COMPARE_CALL(name, compare)                                                                                  \
  CALL(int, name, (const wchar_t *left, const wchar_t *right), (left, right), AT(left) || AT(right),                 \
       effect_wide_compare(&site, left, right, SIZE_MAX, compare), NOTHING)
#define COMPARE_WITHIN_CALL(name, compare)                                                                           \
  CALL(int, name, (const wchar_t *left, const wchar_t *right, size_t most), (left, right, most),                     \
       AT(left) || AT(right), effect_wide_compare(&site, left, right, most, compare), NOTHING)
COMPARE_CALL(wcscmp, COMPARE_EXACT)
COMPARE_CALL(wcscasecmp, COMPARE_FOLDED)
COMPARE_WITHIN_CALL(wcsncmp, COMPARE_EXACT)
COMPARE_WITHIN_CALL(wcsncasecmp, COMPARE_FOLDED)
CALL(int, wcscoll, (const wchar_t *left, const wchar_t *right), (left, right), AT(left) || AT(right),
     WIDE_STRING(left); WIDE_STRING(right), NOTHING)
CALL(size_t, wcsxfrm, (wchar_t *to, const wchar_t *from, size_t count), (to, from, count), AT(to) || AT(from),
     WIDE_STRING(from); OPENS(to, wide(count)),
     if (count > 0) FILLED(to, wide(count), wide(least(result, count - 1) + (result < count))))

CALL(wchar_t *, wcschr, (const wchar_t *string, wchar_t wanted), (string, wanted), AT(string),
     effect_wide_scan(&site, string, SCAN_TO_BYTE, wanted, NULL), NOTHING)
CALL(wchar_t *, wcschrnul, (const wchar_t *string, wchar_t wanted), (string, wanted), AT(string),
     effect_wide_scan(&site, string, SCAN_TO_BYTE, wanted, NULL), NOTHING)
CALL(wchar_t *, wcsrchr, (const wchar_t *string, wchar_t wanted), (string, wanted), AT(string), WIDE_STRING(string),
     NOTHING)
CALL(wchar_t *, wcsstr, (const wchar_t *string, const wchar_t *wanted), (string, wanted), AT(string) || AT(wanted),
     WIDE_STRING(string); WIDE_STRING(wanted), NOTHING)
CALL(wchar_t *, wcspbrk, (const wchar_t *string, const wchar_t *set), (string, set), AT(string) || AT(set),
     WIDE_STRING(set); effect_wide_scan(&site, string, SCAN_TO_ANY_OF, 0, set), NOTHING)
CALL(size_t, wcscspn, (const wchar_t *string, const wchar_t *set), (string, set), AT(string) || AT(set),
     WIDE_STRING(set); effect_wide_scan(&site, string, SCAN_TO_ANY_OF, 0, set), NOTHING)
CALL(size_t, wcsspn, (const wchar_t *string, const wchar_t *set), (string, set), AT(string) || AT(set),
     WIDE_STRING(set); effect_wide_scan(&site, string, SCAN_TO_NONE_OF, 0, set), NOTHING)
CALL(wchar_t *, wcstok, (wchar_t *string, const wchar_t *set, wchar_t **rest), (string, set, rest), ALWAYS,
     WIDE_STRING(set); WIDE_STRING(string != NULL ? string : *rest), NOTHING)

/* ---- Numbers ---- */

#define NUMBER                                                                                                       \
  effect_wide_scan(&site, text, SCAN_NUMBER, 0, NULL);                                                               \
  if (end != NULL)                                                                                                   \
    WRITES(end, sizeof *end)
#define INTEGER_CALL(type, name)                                                                                     \
  CALL(type, name, (const wchar_t *text, wchar_t **end, int base), (text, end, base), AT(text) || AT(end), NUMBER,   \
       NOTHING)
#define REAL_CALL(type, name)                                                                                        \
  CALL(type, name, (const wchar_t *text, wchar_t **end), (text, end), AT(text) || AT(end), NUMBER, NOTHING)
INTEGER_CALL(long, wcstol)
INTEGER_CALL(long long, wcstoll)
INTEGER_CALL(unsigned long, wcstoul)
INTEGER_CALL(unsigned long long, wcstoull)
INTEGER_CALL(long, __isoc23_wcstol)
INTEGER_CALL(long long, __isoc23_wcstoll)
INTEGER_CALL(unsigned long, __isoc23_wcstoul)
INTEGER_CALL(unsigned long long, __isoc23_wcstoull)
REAL_CALL(double, wcstod)
REAL_CALL(float, wcstof)
REAL_CALL(long double, wcstold)

/* ---- From bytes to wide characters and back: the result says how many came out, without the end. ---- */

/* What is written when `result` of at most `count` units came out: the end too, if there was room for it. */
#define UNITS(count) (result == (size_t)-1 ? 0 : least(result + 1, (count)))
#define CONVERTED(unit) FILLED(to, product(count, unit), product(UNITS(count), unit))

CALL(size_t, mbstowcs, (wchar_t *to, const char *from, size_t count), (to, from, count), AT(to) || AT(from),
     OPENS(to, wide(count)), if (to != NULL) CONVERTED(sizeof(wchar_t)))
CALL(size_t, wcstombs, (char *to, const wchar_t *from, size_t count), (to, from, count), AT(to) || AT(from),
     OPENS(to, count), if (to != NULL) CONVERTED(1))
CALL(size_t, mbsrtowcs, (wchar_t *to, const char **from, size_t count, mbstate_t *state), (to, from, count, state),
     AT(to), OPENS(to, wide(count)), if (to != NULL) CONVERTED(sizeof(wchar_t)))
CALL(size_t, wcsrtombs, (char *to, const wchar_t **from, size_t count, mbstate_t *state), (to, from, count, state),
     AT(to), OPENS(to, count), if (to != NULL) CONVERTED(1))
CALL(size_t, __mbstowcs_chk, (wchar_t *to, const char *from, size_t count, size_t room), (to, from, count, room),
     AT(to) || AT(from), OPENS(to, wide(count)), if (to != NULL) CONVERTED(sizeof(wchar_t)))
CALL(size_t, __wcstombs_chk, (char *to, const wchar_t *from, size_t count, size_t room), (to, from, count, room),
     AT(to) || AT(from), OPENS(to, count), if (to != NULL) CONVERTED(1))
