/*
 * calls_string.c: the functions on strings of bytes. The notation is explained in calls.h.
 */
#include "api/calls.h"
#include "api/calls_own.h"

#include <locale.h>
#include <stdlib.h>
#include <time.h>

/* clang-format off */

/* ---- Length ---- */

CALL_BASIC(size_t, strlen, (const char *string), (string), AT(string), STRING(string), NOTHING)
CALL_BASIC(size_t, strnlen, (const char *string, size_t most), (string, most), AT(string), STRING_WITHIN(string, most),
           NOTHING)

/* ---- Copies. What is written is known from the source. ---- */

#define COPY_STRING                                                                                                  \
  size_t bytes = LENGTH(from) + 1;                                                                                   \
  APART(to, from, bytes);                                                                                            \
  WRITES(to, bytes)
#define COPY_STRING_PADDED                                                                                           \
  size_t length = LENGTH_WITHIN(from, bytes);                                                                        \
  APART(to, from, least(length + 1, bytes));                                                                         \
  WRITES(to, bytes)
#define APPEND_STRING(most)                                                                                          \
  size_t length = LENGTH(to);                                                                                        \
  size_t bytes = LENGTH_WITHIN(from, most) + 1;                                                                      \
  APART(to + length, from, bytes);                                                                                   \
  WRITES(to + length, bytes)

CALL_BASIC(char *, strcpy, (char *to, const char *from), (to, from), AT(to) || AT(from), COPY_STRING, NOTHING)
CALL_BASIC(char *, stpcpy, (char *to, const char *from), (to, from), AT(to) || AT(from), COPY_STRING, NOTHING)
CALL(char *, __stpcpy, (char *to, const char *from), (to, from), AT(to) || AT(from), COPY_STRING, NOTHING)
/* The check beside the addresses' tells what may overlap; the effect looks closer. */
CALL_BASIC(char *, strncpy, (char *to, const char *from, size_t bytes), (to, from, bytes),
           AT(to) || AT(from) || overlap(to, from, bytes),
           COPY_STRING_PADDED, NOTHING)
CALL(char *, stpncpy, (char *to, const char *from, size_t bytes), (to, from, bytes), AT(to) || AT(from),
     COPY_STRING_PADDED, NOTHING)
CALL(char *, __stpncpy, (char *to, const char *from, size_t bytes), (to, from, bytes), AT(to) || AT(from),
     COPY_STRING_PADDED, NOTHING)
CALL_BASIC(char *, strcat, (char *to, const char *from), (to, from), AT(to) || AT(from), APPEND_STRING(SIZE_MAX),
           NOTHING)
CALL(char *, strncat, (char *to, const char *from, size_t most), (to, from, most), AT(to) || AT(from),
     APPEND_STRING(most), NOTHING)

CALL(char *, __strcpy_chk, (char *to, const char *from, size_t room), (to, from, room), AT(to) || AT(from),
     COPY_STRING, NOTHING)
CALL(char *, __stpcpy_chk, (char *to, const char *from, size_t room), (to, from, room), AT(to) || AT(from),
     COPY_STRING, NOTHING)
CALL(char *, __strncpy_chk, (char *to, const char *from, size_t bytes, size_t room), (to, from, bytes, room),
     AT(to) || AT(from), COPY_STRING_PADDED, NOTHING)
CALL(char *, __stpncpy_chk, (char *to, const char *from, size_t bytes, size_t room), (to, from, bytes, room),
     AT(to) || AT(from), COPY_STRING_PADDED, NOTHING)
CALL(char *, __strcat_chk, (char *to, const char *from, size_t room), (to, from, room), AT(to) || AT(from),
     APPEND_STRING(SIZE_MAX), NOTHING)
CALL(char *, __strncat_chk, (char *to, const char *from, size_t most, size_t room), (to, from, most, room),
     AT(to) || AT(from), APPEND_STRING(most), NOTHING)

/* ---- Comparisons ---- */

CALL_BASIC(int, strcmp, (const char *left, const char *right), (left, right), AT(left) || AT(right),
           effect_compare(&site, left, right, SIZE_MAX, COMPARE_EXACT), NOTHING)
CALL_BASIC(int, strncmp, (const char *left, const char *right, size_t most), (left, right, most), AT(left) || AT(right),
           effect_compare(&site, left, right, most, COMPARE_EXACT), NOTHING)
CALL(int, strcasecmp, (const char *left, const char *right), (left, right), AT(left) || AT(right),
     effect_compare(&site, left, right, SIZE_MAX, COMPARE_FOLDED), NOTHING)
CALL(int, strncasecmp, (const char *left, const char *right, size_t most), (left, right, most), AT(left) || AT(right),
     effect_compare(&site, left, right, most, COMPARE_FOLDED), NOTHING)
CALL(int, strcasecmp_l, (const char *left, const char *right, locale_t locale), (left, right, locale),
     AT(left) || AT(right), effect_compare(&site, left, right, SIZE_MAX, COMPARE_FOLDED), NOTHING)
CALL(int, strncasecmp_l, (const char *left, const char *right, size_t most, locale_t locale),
     (left, right, most, locale), AT(left) || AT(right), effect_compare(&site, left, right, most, COMPARE_FOLDED),
     NOTHING)
CALL(int, strcoll, (const char *left, const char *right), (left, right), AT(left) || AT(right),
     STRING(left); STRING(right), NOTHING)
CALL(int, strcoll_l, (const char *left, const char *right, locale_t locale), (left, right, locale),
     AT(left) || AT(right),
     STRING(left); STRING(right), NOTHING)
CALL(int, strverscmp, (const char *left, const char *right), (left, right), AT(left) || AT(right),
     effect_compare(&site, left, right, SIZE_MAX, COMPARE_EXACT), NOTHING)
/* The result is the length of what is wanted; it is only written in full. */
CALL(size_t, strxfrm, (char *to, const char *from, size_t bytes), (to, from, bytes), AT(to) || AT(from),
     STRING(from); OPENS(to, bytes), if (bytes > 0) FILLED(to, bytes, least(result, bytes - 1) + (result < bytes)))

/* ---- Searches ---- */

CALL_BASIC(char *, strchr, (const char *string, int byte), (string, byte), AT(string),
           effect_scan(&site, string, SCAN_TO_BYTE, byte, NULL), NOTHING)
CALL(char *, index, (const char *string, int byte), (string, byte), AT(string),
     effect_scan(&site, string, SCAN_TO_BYTE, byte, NULL), NOTHING)
CALL(char *, strchrnul, (const char *string, int byte), (string, byte), AT(string),
     effect_scan(&site, string, SCAN_TO_BYTE, byte, NULL), NOTHING)
CALL_BASIC(char *, strrchr, (const char *string, int byte), (string, byte), AT(string), STRING(string), NOTHING)
CALL(char *, rindex, (const char *string, int byte), (string, byte), AT(string), STRING(string), NOTHING)
CALL_BASIC(char *, strstr, (const char *string, const char *wanted), (string, wanted), AT(string) || AT(wanted),
     STRING(string); STRING(wanted), NOTHING)
CALL(char *, strcasestr, (const char *string, const char *wanted), (string, wanted), AT(string) || AT(wanted),
     STRING(string); STRING(wanted), NOTHING)
CALL(char *, strpbrk, (const char *string, const char *set), (string, set), AT(string) || AT(set),
     STRING(set); effect_scan(&site, string, SCAN_TO_ANY_OF, 0, set), NOTHING)
CALL_BASIC(size_t, strcspn, (const char *string, const char *set), (string, set), AT(string) || AT(set),
     STRING(set); effect_scan(&site, string, SCAN_TO_ANY_OF, 0, set), NOTHING)
CALL_BASIC(size_t, strspn, (const char *string, const char *set), (string, set), AT(string) || AT(set),
     STRING(set); effect_scan(&site, string, SCAN_TO_NONE_OF, 0, set), NOTHING)

/* ---- Pieces ---- */

/* The place that strtok has kept from its last call is libc's secret. */
CALL(char *, strtok, (char *string, const char *set), (string, set), AT(string) || AT(set), STRING(set);
     STRING(string), NOTHING)
#define TOKENS                                                                                                       \
  STRING(set);                                                                                                       \
  STRING(string != NULL ? string : *rest)
CALL(char *, strtok_r, (char *string, const char *set, char **rest), (string, set, rest), ALWAYS, TOKENS, NOTHING)
CALL(char *, __strtok_r, (char *string, const char *set, char **rest), (string, set, rest), ALWAYS, TOKENS, NOTHING)
CALL(char *, strsep, (char **string, const char *set), (string, set), ALWAYS,
     READS(string, sizeof *string); STRING(set); STRING(*string), NOTHING)

/* ---- Copies in fresh memory: malloc is called from here, so that its stack shows the program's call. ---- */

static char *duplicate(const struct call_site *site, const char *string, size_t length) {
  char *copy = malloc(length + 1);
  if (copy != NULL) {
    access_carry(site->call, site->place, string, length); /* malloc has ended what the string was opened for */
    access_write(site->call, site->place, copy, length + 1);
    own_memcpy(copy, string, length);
    copy[length] = 0;
  }
  access_done();
  return copy;
}

#define DUPLICATE(name)                                                                                              \
  CALL_BY_HAND(char *, name, (const char *string)) {                                                                 \
    CALL_SITE(name);                                                                                                 \
    size_t length = checkable(string) ? LENGTH(string) : own_strlen(string);                                         \
    return duplicate(&site, string, length);                                                                         \
  }
#define DUPLICATE_WITHIN(name)                                                                                       \
  CALL_BY_HAND(char *, name, (const char *string, size_t most)) {                                                    \
    CALL_SITE(name);                                                                                                 \
    size_t length = checkable(string) ? LENGTH_WITHIN(string, most) : own_strnlen(string, most);                     \
    return duplicate(&site, string, length);                                                                         \
  }
DUPLICATE(strdup)
DUPLICATE(__strdup)
DUPLICATE_WITHIN(strndup)
DUPLICATE_WITHIN(__strndup)

/* ---- strlcpy and strlcat: not every libc has them; they are short enough to be done here. ---- */

CALL_BY_HAND(size_t, strlcpy, (char *to, const char *from, size_t room)) {
  CALL_SITE(strlcpy);
  size_t length = checkable(from) ? LENGTH(from) : own_strlen(from);
  if (room > 0) {
    size_t copied = least(length, room - 1);
    APART(to, from, copied + 1);
    WRITES(to, copied + 1);
    own_memcpy(to, from, copied);
    to[copied] = 0;
  }
  access_done();
  return length;
}

CALL_BY_HAND(size_t, strlcat, (char *to, const char *from, size_t room)) {
  CALL_SITE(strlcat);
  size_t length = checkable(from) ? LENGTH(from) : own_strlen(from);
  size_t before = checkable(to) ? LENGTH_WITHIN(to, room) : own_strnlen(to, room);
  if (before < room) {
    size_t copied = least(length, room - before - 1);
    APART(to + before, from, copied + 1);
    WRITES(to + before, copied + 1);
    own_memcpy(to + before, from, copied);
    to[before + copied] = 0;
  }
  access_done();
  return before + length;
}

/* ---- Times ---- */

CALL(size_t, strftime, (char *to, size_t room, const char *format, const struct tm *time), (to, room, format, time),
     AT(to) || AT(format) || AT(time), STRING(format); READS(time, sizeof *time); OPENS(to, room),
     FILLED(to, room, result > 0 ? result + 1 : 0))

/* ---- Error texts ---- */

/* GNU's gives back the buffer or a text of its own. */
CALL(char *, strerror_r, (int error, char *to, size_t bytes), (error, to, bytes), AT(to), OPENS(to, bytes),
     if (result == to && bytes > 0) FILLED(to, bytes, own_strnlen(to, bytes - 1) + 1))
CALL(int, __xpg_strerror_r, (int error, char *to, size_t bytes), (error, to, bytes), AT(to), OPENS(to, bytes),
     if ((result == 0 || result == ERANGE) && bytes > 0) FILLED(to, bytes, own_strnlen(to, bytes - 1) + 1))
CALL_NOTHING(perror, (const char *text), (text), AT(text), STRING(text))

/* ---- The environment ---- */

CALL(char *, getenv, (const char *name), (name), AT(name), STRING(name), NOTHING)
CALL(char *, secure_getenv, (const char *name), (name), AT(name), STRING(name), NOTHING)
CALL(int, setenv, (const char *name, const char *value, int replace), (name, value, replace), AT(name) || AT(value),
     STRING(name); STRING(value), NOTHING)
CALL(int, unsetenv, (const char *name), (name), AT(name), STRING(name), NOTHING)
CALL(int, putenv, (char *string), (string), AT(string), STRING(string), NOTHING)

/* ---- Numbers: read up to what can't be of a number. `end` is written. ---- */

#define NUMBER                                                                                                       \
  effect_scan(&site, text, SCAN_NUMBER, 0, NULL);                                                                    \
  if (end != NULL)                                                                                                   \
    WRITES(end, sizeof *end)
#define NUMBER_ALONE effect_scan(&site, text, SCAN_NUMBER, 0, NULL)

#define INTEGER_CALL(type, name)                                                                                     \
  CALL(type, name, (const char *text, char **end, int base), (text, end, base), AT(text) || AT(end), NUMBER, NOTHING)
#define INTEGER_IN_LOCALE_CALL(type, name)                                                                           \
  CALL(type, name, (const char *text, char **end, int base, locale_t locale), (text, end, base, locale),             \
       AT(text) || AT(end), NUMBER, NOTHING)
#define REAL_CALL(type, name)                                                                                        \
  CALL(type, name, (const char *text, char **end), (text, end), AT(text) || AT(end), NUMBER, NOTHING)
#define REAL_IN_LOCALE_CALL(type, name)                                                                              \
  CALL(type, name, (const char *text, char **end, locale_t locale), (text, end, locale), AT(text) || AT(end),        \
       NUMBER, NOTHING)

INTEGER_CALL(long, strtol)
INTEGER_CALL(long long, strtoll)
INTEGER_CALL(unsigned long, strtoul)
INTEGER_CALL(unsigned long long, strtoull)
INTEGER_CALL(intmax_t, strtoimax)
INTEGER_CALL(uintmax_t, strtoumax)
INTEGER_CALL(long long, strtoq)
INTEGER_CALL(unsigned long long, strtouq)
INTEGER_IN_LOCALE_CALL(long, strtol_l)
INTEGER_IN_LOCALE_CALL(long long, strtoll_l)
INTEGER_IN_LOCALE_CALL(unsigned long, strtoul_l)
INTEGER_IN_LOCALE_CALL(unsigned long long, strtoull_l)
REAL_CALL(double, strtod)
REAL_CALL(float, strtof)
REAL_CALL(long double, strtold)
REAL_IN_LOCALE_CALL(double, strtod_l)
REAL_IN_LOCALE_CALL(float, strtof_l)
REAL_IN_LOCALE_CALL(long double, strtold_l)
/* What programs built against glibc 2.38 and later call. */
INTEGER_CALL(long, __isoc23_strtol)
INTEGER_CALL(long long, __isoc23_strtoll)
INTEGER_CALL(unsigned long, __isoc23_strtoul)
INTEGER_CALL(unsigned long long, __isoc23_strtoull)
INTEGER_CALL(intmax_t, __isoc23_strtoimax)
INTEGER_CALL(uintmax_t, __isoc23_strtoumax)
INTEGER_IN_LOCALE_CALL(long, __isoc23_strtol_l)
INTEGER_IN_LOCALE_CALL(long long, __isoc23_strtoll_l)
INTEGER_IN_LOCALE_CALL(unsigned long, __isoc23_strtoul_l)
INTEGER_IN_LOCALE_CALL(unsigned long long, __isoc23_strtoull_l)

CALL(int, atoi, (const char *text), (text), AT(text), NUMBER_ALONE, NOTHING)
CALL(long, atol, (const char *text), (text), AT(text), NUMBER_ALONE, NOTHING)
CALL(long long, atoll, (const char *text), (text), AT(text), NUMBER_ALONE, NOTHING)
CALL(double, atof, (const char *text), (text), AT(text), NUMBER_ALONE, NOTHING)
