/* calls_string_test.c: the wrappers of strings, numbers in them, and wide strings. */
#include "calls_test.h"

#include <inttypes.h>
#include <locale.h>
#include <time.h>

void test_strings(void) {
  char *from = text("hello"), *to = fake_object(16), *open = bytes("hello");
  SAME(strlen, (from), STRING(from, 5));
  SAME(strnlen, (from, 3), STRING(from, 3));
  SAME(strnlen, (open, 5), STRING(open, 5));
  REFUSES(1, strlen, (open));
  REFUSES(1, strnlen, (open, 6));

#define COPIES_STRING(name, arguments) SAME(name, arguments, STRING(from, 5), WRITE(to, 6))
  COPIES_STRING(strcpy, (to, from));
  EXPECT(strcmp(to, "hello") == 0);
  COPIES_STRING(stpcpy, (to, from));
  COPIES_STRING(__stpcpy, (to, from));
  COPIES_STRING(__strcpy_chk, (to, from, 16));
  COPIES_STRING(__stpcpy_chk, (to, from, 16));
#define COPIES_PADDED(name, arguments) SAME(name, arguments, STRING(from, 5), WRITE(to, 16))
  COPIES_PADDED(strncpy, (to, from, 16));
  COPIES_PADDED(stpncpy, (to, from, 16));
  COPIES_PADDED(__stpncpy, (to, from, 16));
  COPIES_PADDED(__strncpy_chk, (to, from, 16, 16));
  COPIES_PADDED(__stpncpy_chk, (to, from, 16, 16));
  SAME(strncpy, (to, open, 5), STRING(open, 5), WRITE(to, 5));
  char *small = fake_object(5);
  REFUSES(1, strcpy, (small, from));
  REFUSES(1, strncpy, (small, "a", 6));
  REFUSES(1, strcpy, (to + 2, strcpy(to, "abcd")));
#define APPENDS(name, arguments, added)                                                                              \
  strcpy(to, "ab");                                                                                                  \
  GIVES(name, arguments, to, STRING(to, 2), STRING(from, added), WRITE(to + 2, added + 1))
  APPENDS(strcat, (to, from), 5);
  EXPECT(strcmp(to, "abhello") == 0);
  APPENDS(strncat, (to, from, 3), 3);
  EXPECT(strcmp(to, "abhel") == 0);
  APPENDS(__strcat_chk, (to, from, 16), 5);
  APPENDS(__strncat_chk, (to, from, 3, 16), 3);
  strcpy(small, "abc");
  REFUSES(1, strcat, (small, "de"));

  note_called("strlcpy");
  note_called("strlcat");
  fake_forget();
  EXPECT_EQUAL(call_strlcpy(to, from, 4), 5);
  EXPECT_EFFECTS(strlcpy, STRING(from, 5), WRITE(to, 4));
  EXPECT(strcmp(to, "hel") == 0);
  fake_forget();
  EXPECT_EQUAL(call_strlcat(to, from, 6), 8);
  EXPECT_EFFECTS(strlcat, STRING(from, 5), STRING(to, 3), WRITE(to + 3, 3));
  EXPECT(strcmp(to, "helhe") == 0);
  EXPECT_EQUAL(call_strlcpy(to, from, 0), 5);
  EXPECT_EQUAL(call_strlcat(to, from, 2), 7);

  /* Comparisons read up to the difference: no end is needed behind it. */
  char *left = bytes("abcd"), *right = bytes("abxd"), *folded = bytes("ABxD");
#define COMPARES_STRING(name, arguments, other)                                                                      \
  SAME(name, arguments, CARRY(left, 4), CARRY(other, 4), READ(left, 3), READ(other, 3))
  COMPARES_STRING(strcmp, (left, right), right);
  COMPARES_STRING(strncmp, (left, right, 9), right);
  COMPARES_STRING(strcasecmp, (left, folded), folded);
  COMPARES_STRING(strncasecmp, (left, folded, 9), folded);
  COMPARES_STRING(strverscmp, (left, right), right);
  locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);
  COMPARES_STRING(strcasecmp_l, (left, folded, plain), folded);
  COMPARES_STRING(strncasecmp_l, (left, folded, 9, plain), folded);
  SAME(strncmp, (left, "abc", 3), CARRY(left, 3), READ(left, 3));
  SAME(strcmp, (from, "hello"), CARRY(from, 6), READ(from, 6));
  REFUSES(1, strcmp, (left, "abcdefg"));
  REFUSES(2, strcmp, (left, memcpy(fake_object(4), "abcd", 4)));
  char *other = text("help");
  SAME(strcoll, (from, other), STRING(from, 5), STRING(other, 4));
  SAME(strcoll_l, (from, other, plain), STRING(from, 5), STRING(other, 4));
  SAME(strxfrm, (to, from, 16), STRING(from, 5), FILL(to, 16, 6));
  SAME(strxfrm, (to, from, 3), STRING(from, 5), FILL(to, 3, 2));

  /* Searches read up to what they find, else to the end. */
  SAME(strchr, (left, 'c'), CARRY(left, 4), READ(left, 3));
  SAME(index, (left, 'c'), CARRY(left, 4), READ(left, 3));
  SAME(strchrnul, (left, 'c'), CARRY(left, 4), READ(left, 3));
  SAME(strchr, (from, 'z'), CARRY(from, 6), READ(from, 6));
  SAME(strchr, (from, 0), CARRY(from, 6), READ(from, 6));
  REFUSES(1, strchr, (memcpy(fake_object(3), "abc", 3), 'z'));
  SAME(strrchr, (from, 'l'), STRING(from, 5));
  SAME(rindex, (from, 'l'), STRING(from, 5));
  SAME(strstr, (from, other), STRING(from, 5), STRING(other, 4));
  SAME(strcasestr, (from, other), STRING(from, 5), STRING(other, 4));
  char *set = text("cd");
  SAME(strpbrk, (left, set), STRING(set, 2), CARRY(left, 4), READ(left, 3));
  SAME(strcspn, (left, set), STRING(set, 2), CARRY(left, 4), READ(left, 3));
  char *start = text("abc");
  SAME(strspn, (left, start), STRING(start, 3), CARRY(left, 4), READ(left, 4));

  char *words = text("a b c"), *space = text(" "), *rest = NULL;
  GIVES(strtok, (words, space), words, STRING(space, 1), STRING(words, 5));
  GIVES(strtok, (NULL, space), words + 2, STRING(space, 1));
  words = text("a b c");
  GIVES(strtok_r, (words, space, &rest), words, STRING(space, 1), STRING(words, 5));
  GIVES(__strtok_r, (NULL, space, &rest), words + 2, STRING(space, 1), STRING(words + 2, 3));
  char **next = NEW(char *);
  *next = text("x y");
  GIVES(strsep, (next, space), *next - 2, READ(next, sizeof *next), STRING(space, 1), STRING(*next - 2, 3));

#define DUPLICATES(name, arguments, length)                                                                          \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    char *copy = call_##name arguments;                                                                              \
    EXPECT_EFFECTS(name, STRING(from, length), CARRY(from, length));                                                 \
    EXPECT(strlen(copy) == length && memcmp(copy, from, length) == 0);                                               \
    free(copy);                                                                                                      \
  } while (0)
  DUPLICATES(strdup, (from), 5);
  DUPLICATES(__strdup, (from), 5);
  DUPLICATES(strndup, (from, 3), 3);
  DUPLICATES(__strndup, (from, 9), 5);

  struct tm *day = NEW(struct tm);
  *day = (struct tm){.tm_year = 100, .tm_mon = 1, .tm_mday = 3};
  char *format = text("%F"), *date = fake_object(16);
  GIVES(strftime, (date, 16, format, day), 10, STRING(format, 2), READ(day, sizeof *day), FILL(date, 16, 11));

  char *answer = fake_object(64);
  char *message = strerror(ENOENT);
  size_t message_bytes = strlen(message) + 1;
  GIVES(strerror_r, (ENOENT, answer, 64), strerror_r(ENOENT, answer, 64), OPEN(answer, 64));
  GIVES(strerror_r, (12345, answer, 64), answer, FILL(answer, 64, strlen("Unknown error 12345") + 1));
  GIVES(__xpg_strerror_r, (ENOENT, answer, 64), 0, FILL(answer, 64, message_bytes));

  char *name = text("FREEHOLD_TEST"), *value = text("value");
  GIVES(setenv, (name, value, 1), 0, STRING(name, 13), STRING(value, 5));
  SAME(getenv, (name), STRING(name, 13));
  SAME(secure_getenv, (name), STRING(name, 13));
  GIVES(unsetenv, (name), 0, STRING(name, 13));
  char *both = text("FREEHOLD_TEST=1");
  GIVES(putenv, (both), 0, STRING(both, 15));
  unsetenv(name);
}

void test_numbers(void) {
  char *number = bytes(" -12;"), **end = NEW(char *);
  locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);
#define READS_NUMBER(name, arguments)                                                                                \
  SAME(name, arguments, CARRY(number, 5), READ(number, 5), WRITE(end, sizeof *end))
  READS_NUMBER(strtol, (number, end, 10));
  EXPECT(*end == number + 4);
  READS_NUMBER(strtoll, (number, end, 10));
  READS_NUMBER(strtoul, (number, end, 10));
  READS_NUMBER(strtoull, (number, end, 10));
  READS_NUMBER(strtoimax, (number, end, 10));
  READS_NUMBER(strtoumax, (number, end, 10));
  READS_NUMBER(strtoq, (number, end, 10));
  READS_NUMBER(strtouq, (number, end, 10));
  READS_NUMBER(strtol_l, (number, end, 10, plain));
  READS_NUMBER(strtoll_l, (number, end, 10, plain));
  READS_NUMBER(strtoul_l, (number, end, 10, plain));
  READS_NUMBER(strtoull_l, (number, end, 10, plain));
  READS_NUMBER(strtod, (number, end));
  READS_NUMBER(strtof, (number, end));
  READS_NUMBER(strtold, (number, end));
  READS_NUMBER(strtod_l, (number, end, plain));
  READS_NUMBER(strtof_l, (number, end, plain));
  READS_NUMBER(strtold_l, (number, end, plain));
  SAME(atoi, (number), CARRY(number, 5), READ(number, 5));
  SAME(atol, (number), CARRY(number, 5), READ(number, 5));
  SAME(atoll, (number), CARRY(number, 5), READ(number, 5));
  SAME(atof, (number), CARRY(number, 5), READ(number, 5));
  REFUSES(1, atoi, (bytes("123")));
  REFUSES(0, atoi, (text("123")));
}

void test_wide(void) {
  wchar_t *from = wide_text(L"hello"), *to = fake_object(WIDE(16)), local[32];
#define WIDE_COPIES(name, arguments) SAME(name, arguments, CARRY(from, WIDE(6)), WRITE(to, WIDE(6)))
  WIDE_COPIES(wmemcpy, (to, from, 6));
  WIDE_COPIES(wmempcpy, (to, from, 6));
  WIDE_COPIES(wmemmove, (to, from, 6));
  WIDE_COPIES(__wmemcpy_chk, (to, from, 6, 16));
  WIDE_COPIES(__wmempcpy_chk, (to, from, 6, 16));
  WIDE_COPIES(__wmemmove_chk, (to, from, 6, 16));
  SAME(wmemset, (to, L'x', 16), WRITE(to, WIDE(16)));
  SAME(__wmemset_chk, (to, L'x', 16, 16), WRITE(to, WIDE(16)));
  REFUSES(1, wmemset, (to, 0, 17));

  SAME(wcslen, (from), WIDE_STRING(from, 5));
  SAME(wcsnlen, (from, 3), CARRY(from, WIDE(3)), READ(from, WIDE(3)));
#define WIDE_COPIES_STRING(name, arguments, most, written)                                                           \
  SAME(name, arguments, CARRY(from, WIDE(6)), READ(from, WIDE(6)), WRITE(to, WIDE(written)))
  WIDE_COPIES_STRING(wcscpy, (to, from), 6, 6);
  WIDE_COPIES_STRING(wcpcpy, (to, from), 6, 6);
  WIDE_COPIES_STRING(__wcscpy_chk, (to, from, 16), 6, 6);
  WIDE_COPIES_STRING(__wcpcpy_chk, (to, from, 16), 6, 6);
  WIDE_COPIES_STRING(wcsncpy, (to, from, 16), 6, 16);
  WIDE_COPIES_STRING(wcpncpy, (to, from, 16), 6, 16);
  WIDE_COPIES_STRING(__wcsncpy_chk, (to, from, 16, 16), 6, 16);
  WIDE_COPIES_STRING(__wcpncpy_chk, (to, from, 16, 16), 6, 16);
  wchar_t *small = fake_object(WIDE(5));
  REFUSES(1, wcscpy, (small, from));
#define WIDE_APPENDS(name, arguments, looked_at, added)                                                              \
  wmemset(to, 0, 16);                                                                                                \
  wcscpy(to, L"ab");                                                                                                 \
  GIVES(name, arguments, to, CARRY(to, WIDE(16)), READ(to, WIDE(3)), CARRY(from, WIDE(looked_at)),                   \
        READ(from, WIDE(looked_at)), WRITE(to + 2, WIDE(added + 1)))
  WIDE_APPENDS(wcscat, (to, from), 6, 5);
  EXPECT(wcscmp(to, L"abhello") == 0);
  WIDE_APPENDS(wcsncat, (to, from, 3), 3, 3);
  WIDE_APPENDS(__wcscat_chk, (to, from, 16), 6, 5);
  WIDE_APPENDS(__wcsncat_chk, (to, from, 3, 16), 3, 3);

  {
    extern __typeof__(wcsdup) call_wcsdup;
    note_called("wcsdup");
    fake_forget();
    wchar_t *copy = call_wcsdup(from);
    EXPECT_EFFECTS(wcsdup, WIDE_STRING(from, 5), CARRY(from, 5 * sizeof(wchar_t)));
    EXPECT(wcscmp(copy, from) == 0);
    free(copy);
  }

  wchar_t *left = wide_text(L"abcd"), *right = wide_text(L"abxd"), *folded = wide_text(L"ABxD");
#define WIDE_COMPARES(name, arguments, other, most)                                                                  \
  SAME(name, arguments, CARRY(left, WIDE(most)), CARRY(other, WIDE(most)), READ(left, WIDE(3)), READ(other, WIDE(3)))
  WIDE_COMPARES(wcscmp, (left, right), right, 5);
  WIDE_COMPARES(wcscasecmp, (left, folded), folded, 5);
  WIDE_COMPARES(wcsncmp, (left, right, 4), right, 4);
  WIDE_COMPARES(wcsncasecmp, (left, folded, 4), folded, 4);
  SAME(wmemcmp, (left, right, 4), CARRY(left, WIDE(4)), CARRY(right, WIDE(4)), READ(left, WIDE(2) + 1),
       READ(right, WIDE(2) + 1));
  SAME(wcscoll, (left, right), WIDE_STRING(left, 4), WIDE_STRING(right, 4));
  SAME(wcsxfrm, (local, left, 16), WIDE_STRING(left, 4));

  SAME(wmemchr, (left, L'c', 4), CARRY(left, WIDE(4)), READ(left, WIDE(3)));
  SAME(wcschr, (left, L'c'), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcschrnul, (left, L'c'), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcsrchr, (left, L'c'), WIDE_STRING(left, 4));
  SAME(wcsstr, (left, right), WIDE_STRING(left, 4), WIDE_STRING(right, 4));
  SAME(wcspbrk, (left, L"dc"), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcscspn, (left, L"dc"), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcsspn, (left, L"ab"), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  wchar_t *words = wide_text(L"a b"), *rest = NULL;
  GIVES(wcstok, (words, L" ", &rest), words, WIDE_STRING(words, 3));

  wchar_t *number = wide_text(L"12;"), **end = NEW(wchar_t *);
#define READS_WIDE_NUMBER(name, arguments)                                                                           \
  SAME(name, arguments, CARRY(number, WIDE(4)), READ(number, WIDE(3)), WRITE(end, sizeof *end))
  READS_WIDE_NUMBER(wcstol, (number, end, 10));
  READS_WIDE_NUMBER(wcstoll, (number, end, 10));
  READS_WIDE_NUMBER(wcstoul, (number, end, 10));
  READS_WIDE_NUMBER(wcstoull, (number, end, 10));
  READS_WIDE_NUMBER(wcstod, (number, end));
  READS_WIDE_NUMBER(wcstof, (number, end));
  READS_WIDE_NUMBER(wcstold, (number, end));

  char *narrow = fake_object(16);
  const char *narrow_from = "hello";
  mbstate_t state;
  SAME(mbstowcs, (to, "hello", 16), FILL(to, WIDE(16), WIDE(6)));
  SAME(__mbstowcs_chk, (to, "hello", 16, 16), FILL(to, WIDE(16), WIDE(6)));
  memset(&state, 0, sizeof state);
  GIVES(mbsrtowcs, (to, &narrow_from, 16, &state), 5, FILL(to, WIDE(16), WIDE(6)));
  SAME(wcstombs, (narrow, L"hello", 3), FILL(narrow, 3, 3));
  SAME(__wcstombs_chk, (narrow, L"hello", 16, 16), FILL(narrow, 16, 6));
  const wchar_t *wide_from = L"hello";
  GIVES(wcsrtombs, (narrow, &wide_from, 16, &state), 5, FILL(narrow, 16, 6));
}
