/* calls_format_test.c: the wrappers of printf, scanf and their kin. */
#include "calls_test.h"

#include <syslog.h>

/* Calls a function of a list of arguments with these arguments. */
#define LIST_GIVES(name, before, value, ...)                                                                         \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    EXPECT_EQUAL(list_##name before, value);                                                                         \
    expect_caller(__FILE__, __LINE__, #name);                                                                        \
    EXPECT_EFFECTS(name, ##__VA_ARGS__);                                                                             \
  } while (0)
#define LISTED(type, name, parameters, last, arguments)                                                              \
  extern __typeof__(name) call_##name;                                                                               \
  static type list_##name parameters {                                                                               \
    va_list list;                                                                                                    \
    va_start(list, last);                                                                                            \
    type result = call_##name arguments;                                                                             \
    va_end(list);                                                                                                    \
    return result;                                                                                                   \
  }
LISTED(int, vprintf, (const char *format, ...), format, (format, list))
LISTED(int, vfprintf, (FILE * file, const char *format, ...), format, (file, format, list))
LISTED(int, vdprintf, (int fd, const char *format, ...), format, (fd, format, list))
LISTED(int, __vprintf_chk, (int flag, const char *format, ...), format, (flag, format, list))
LISTED(int, __vfprintf_chk, (FILE * file, int flag, const char *format, ...), format, (file, flag, format, list))
LISTED(int, __vdprintf_chk, (int fd, int flag, const char *format, ...), format, (fd, flag, format, list))
LISTED(int, vwprintf, (const wchar_t *format, ...), format, (format, list))
LISTED(int, vfwprintf, (FILE * file, const wchar_t *format, ...), format, (file, format, list))
LISTED(int, vsnprintf, (char *to, size_t room, const char *format, ...), format, (to, room, format, list))
LISTED(int, vsprintf, (char *to, const char *format, ...), format, (to, format, list))
LISTED(int, __vsnprintf_chk, (char *to, size_t room, int flag, size_t seen, const char *format, ...), format,
       (to, room, flag, seen, format, list))
LISTED(int, __vsprintf_chk, (char *to, int flag, size_t seen, const char *format, ...), format,
       (to, flag, seen, format, list))
LISTED(int, vswprintf, (wchar_t * to, size_t room, const wchar_t *format, ...), format, (to, room, format, list))
LISTED(int, vasprintf, (char **to, const char *format, ...), format, (to, format, list))
LISTED(int, __vasprintf_chk, (char **to, int flag, const char *format, ...), format, (to, flag, format, list))
LISTED(int, vscanf, (const char *format, ...), format, (format, list))
LISTED(int, __isoc99_vscanf, (const char *format, ...), format, (format, list))
LISTED(int, vwscanf, (const wchar_t *format, ...), format, (format, list))
LISTED(int, __isoc99_vwscanf, (const wchar_t *format, ...), format, (format, list))
LISTED(int, vfscanf, (FILE * file, const char *format, ...), format, (file, format, list))
LISTED(int, __isoc99_vfscanf, (FILE * file, const char *format, ...), format, (file, format, list))
LISTED(int, vfwscanf, (FILE * file, const wchar_t *format, ...), format, (file, format, list))
LISTED(int, __isoc99_vfwscanf, (FILE * file, const wchar_t *format, ...), format, (file, format, list))
LISTED(int, vsscanf, (const char *from, const char *format, ...), format, (from, format, list))
LISTED(int, __isoc99_vsscanf, (const char *from, const char *format, ...), format, (from, format, list))
LISTED(int, vswscanf, (const wchar_t *from, const wchar_t *format, ...), format, (from, format, list))
LISTED(int, __isoc99_vswscanf, (const wchar_t *from, const wchar_t *format, ...), format, (from, format, list))
extern __typeof__(vsyslog) call_vsyslog;
extern __typeof__(__vsyslog_chk) call___vsyslog_chk;
static void list_vsyslog(int priority, const char *format, ...) {
  va_list list;
  va_start(list, format);
  call_vsyslog(priority, format, list);
  va_end(list);
}
static void list___vsyslog_chk(int priority, int flag, const char *format, ...) {
  va_list list;
  va_start(list, format);
  call___vsyslog_chk(priority, flag, format, list);
  va_end(list);
}

void test_print(void) {
  char *format = text("<%s>"), *name = text("abc"), *open = bytes("abcd");
  FILE *null = fopen("/dev/null", "w"), *wide_null = fopen("/dev/null", "w");
  int fd = fileno(null);
#define FORMATS STRING(format, 4), STRING(name, 3)
  output_off();
  GIVES(printf, (format, name), 5, FORMATS);
  GIVES(__printf_chk, (1, format, name), 5, FORMATS);
  LIST_GIVES(vprintf, (format, name), 5, FORMATS);
  LIST_GIVES(__vprintf_chk, (1, format, name), 5, FORMATS);
  output_on();
  GIVES(fprintf, (null, format, name), 5, FORMATS);
  GIVES(__fprintf_chk, (null, 1, format, name), 5, FORMATS);
  GIVES(dprintf, (fd, format, name), 5, FORMATS);
  GIVES(__dprintf_chk, (fd, 1, format, name), 5, FORMATS);
  LIST_GIVES(vfprintf, (null, format, name), 5, FORMATS);
  LIST_GIVES(__vfprintf_chk, (null, 1, format, name), 5, FORMATS);
  LIST_GIVES(vdprintf, (fd, format, name), 5, FORMATS);
  LIST_GIVES(__vdprintf_chk, (fd, 1, format, name), 5, FORMATS);
  wchar_t *wide_format = wide_text(L"%ls"), *wide_name = wide_text(L"ab");
  GIVES(fwprintf, (wide_null, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2));
  LIST_GIVES(vfwprintf, (wide_null, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3),
             WIDE_STRING(wide_name, 2));
  output_off();
  FILE *narrow = stdout;
  stdout = wide_null;
  GIVES(wprintf, (wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2));
  LIST_GIVES(vwprintf, (wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2));
  stdout = narrow;
  output_on();
  DOES(syslog, (LOG_DEBUG, format, name), FORMATS);
  DOES(__syslog_chk, (LOG_DEBUG, 1, format, name), FORMATS);
  note_called("vsyslog");
  fake_forget();
  list_vsyslog(LOG_DEBUG, format, name);
  EXPECT_EFFECTS(vsyslog, FORMATS);
  note_called("__vsyslog_chk");
  fake_forget();
  list___vsyslog_chk(LOG_DEBUG, 1, format, name);
  EXPECT_EFFECTS(__vsyslog_chk, FORMATS);

  /* Whatever stands before a string among the arguments, it is found; with a precision it needs no end. */
  char out[512];
#define AS_PRINTED(text, ...)                                                                                        \
  do {                                                                                                               \
    char other[512];                                                                                                 \
    snprintf(other, sizeof other, text, __VA_ARGS__);                                                                \
    GIVES(snprintf, (out, sizeof out, text, __VA_ARGS__), (int)strlen(other), STRING(name, 3));                      \
    EXPECT(strcmp(out, other) == 0);                                                                                 \
  } while (0)
  AS_PRINTED("%d%5ld%-*u%hhx%hX%lld%zu%jd%td %s", 1, 2l, 5, 3u, (unsigned char)4, (unsigned short)5, 6ll, (size_t)7,
             (intmax_t)8, (ptrdiff_t)9, name);
  AS_PRINTED("%f%Lf%*.*g%e%a%c%p%%%m %s", 1.5, 2.5l, 9, 3, 2.5, 3.5, 4.5, 'c', (void *)out, name);
  AS_PRINTED("%s%5s%.2s %s", "a", "b", "c", name);
  AS_PRINTED("%lc%ls%s", (wint_t)'x', L"wide", name);
  AS_PRINTED("%'d%+i%#o %s", 1, 2, 3, name);
  GIVES(snprintf, (out, sizeof out, "%.4s", open), 4, STRING(open, 4));
  GIVES(snprintf, (out, sizeof out, "%.*s", 4, open), 4, STRING(open, 4));
  GIVES(snprintf, (out, sizeof out, "%ls", wide_name), 2, WIDE_STRING(wide_name, 2));
  GIVES(snprintf, (out, sizeof out, "%2$s%1$s", name, "x"), 4); /* out of order: not followed */
  GIVES(snprintf, (out, sizeof out, "%1$*2$d %3$s", 1, 5, name), 9);
  int *written = NEW(int);
  GIVES(snprintf, (out, sizeof out, "ab%n", written), 2, WRITE(written, sizeof *written));
  EXPECT_EQUAL(*written, 2);
  REFUSES(1, snprintf, (out, sizeof out, "%s", open));
  REFUSES(1, snprintf, (out, sizeof out, "%.5s", open));
  REFUSES(1, snprintf, (out, sizeof out, bytes("abc")));

  char *to = fake_object(8);
#define PRINTS(bytes) STRING(format, 4), STRING(name, 3), WRITE(to, bytes)
  GIVES(snprintf, (to, 8, format, name), 5, PRINTS(6));
  EXPECT(strcmp(to, "<abc>") == 0);
  GIVES(snprintf, (to, 3, format, name), 5, PRINTS(3));
  GIVES(snprintf, (to, 100, format, name), 5, PRINTS(6)); /* promised too much, used what is there */
  EXPECT_EQUAL(fake.refused, 0);
  GIVES(sprintf, (to, format, name), 5, PRINTS(6));
  GIVES(__snprintf_chk, (to, 8, 1, 8, format, name), 5, PRINTS(6));
  GIVES(__sprintf_chk, (to, 1, 8, format, name), 5, PRINTS(6));
  LIST_GIVES(vsnprintf, (to, 8, format, name), 5, PRINTS(6));
  LIST_GIVES(vsprintf, (to, format, name), 5, PRINTS(6));
  LIST_GIVES(__vsnprintf_chk, (to, 8, 1, 8, format, name), 5, PRINTS(6));
  LIST_GIVES(__vsprintf_chk, (to, 1, 8, format, name), 5, PRINTS(6));
  REFUSES(1, sprintf, (to, "12345678"));
  REFUSES(0, sprintf, (to, "1234567"));
  REFUSES(1, snprintf, (to, 9, "12345678"));
  wchar_t *wide_to = fake_object(WIDE(8));
  GIVES(swprintf, (wide_to, 8, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2),
        FILL(wide_to, WIDE(8), WIDE(3)));
  LIST_GIVES(vswprintf, (wide_to, 8, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3),
             WIDE_STRING(wide_name, 2), FILL(wide_to, WIDE(8), WIDE(3)));

  char **fresh = NEW(char *);
#define PRINTS_FRESH STRING(format, 4), STRING(name, 3), WRITE(fresh, sizeof *fresh)
  GIVES(asprintf, (fresh, format, name), 5, PRINTS_FRESH);
  EXPECT(strcmp(*fresh, "<abc>") == 0);
  free(*fresh);
  GIVES(__asprintf_chk, (fresh, 1, format, name), 5, PRINTS_FRESH);
  free(*fresh);
  LIST_GIVES(vasprintf, (fresh, format, name), 5, PRINTS_FRESH);
  free(*fresh);
  LIST_GIVES(__vasprintf_chk, (fresh, 1, format, name), 5, PRINTS_FRESH);
  free(*fresh);
  fclose(null);
  fclose(wide_null);
}

/* A stream of this content, neither of bytes nor of wide characters yet. */
static FILE *reading(const char *content) {
  FILE *file = tmpfile();
  EXPECT_EQUAL(write(fileno(file), content, strlen(content)), strlen(content));
  lseek(fileno(file), 0, SEEK_SET);
  return file;
}

void test_scan(void) {
  int *number = NEW(int), *count = NEW(int);
  char *word = fake_object(8), *set = fake_object(8), *letters = fake_object(3);
  char *source = text("12 abc xyz pqr"), *format = text("%d %s %7[xyz] %3c%n");
#define OPENS_TARGETS                                                                                                \
  OPEN(number, sizeof *number), OPEN(word, 8), OPEN(set, 8), OPEN(letters, 3), OPEN(count, sizeof *count)
#define SCANS OPENS_TARGETS, WRITE(number, sizeof *number), WRITE(word, 4), WRITE(set, 4), WRITE(letters, 3)
  GIVES(sscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14), STRING(format, 19),
        SCANS);
  EXPECT_EQUAL(*number, 12);
  EXPECT_EQUAL(*count, 14);
  EXPECT(strcmp(word, "abc") == 0);
  GIVES(__isoc99_sscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14),
        STRING(format, 19), SCANS);
  LIST_GIVES(vsscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14), STRING(format, 19),
             SCANS);
  LIST_GIVES(__isoc99_vsscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14),
             STRING(format, 19), SCANS);
  /* What was not assigned was not written. */
  GIVES(sscanf, ("7 ", format, number, word, set, letters, count), 1, STRING(format, 19), OPENS_TARGETS,
        WRITE(number, sizeof *number));
  GIVES(sscanf, ("", format, number, word, set, letters, count), EOF, STRING(format, 19), OPENS_TARGETS);
  double *real = NEW(double);
  short *small = NEW(short);
  char **fresh = NEW(char *);
  GIVES(sscanf, ("1 2.5 skip 3 x]y", "%*d %lf %*s %hd %m[]x]", real, small, fresh), 3, OPEN(real, 8), OPEN(small, 2),
        OPEN(fresh, 8), WRITE(real, 8), WRITE(small, 2), WRITE(fresh, 8));
  EXPECT(strcmp(*fresh, "x]") == 0);
  free(*fresh);
  REFUSES(1, sscanf, ("123456789", "%s", fake_object(8)));
  REFUSES(0, sscanf, ("1234567", "%s", fake_object(8)));
  REFUSES(1, sscanf, ("1", "%ld", (long *)(void *)fake_object(4)));
  REFUSES(1, sscanf, (bytes("12"), "%d", number));

#define FILE_SCANS(name, list, new_input)                                                                            \
  do {                                                                                                               \
    FILE *input = new_input;                                                                                         \
    GIVES(name, (input, "%d %s", number, word), 2, OPEN(number, 4), OPEN(word, 8), WRITE(number, 4),                 \
          WRITE(word, 4));                                                                                           \
    rewind(input);                                                                                                   \
    LIST_GIVES(list, (input, "%d %s", number, word), 2, OPEN(number, 4), OPEN(word, 8), WRITE(number, 4),            \
               WRITE(word, 4));                                                                                      \
    fclose(input);                                                                                                   \
  } while (0)
  FILE_SCANS(fscanf, vfscanf, reading("5 abc"));
  FILE_SCANS(__isoc99_fscanf, __isoc99_vfscanf, reading("5 abc"));
#define INPUT_SCANS(name, list, spelling)                                                                            \
  do {                                                                                                               \
    FILE *kept = stdin;                                                                                              \
    stdin = reading("5 6");                                                                                          \
    GIVES(name, (spelling, number), 1, OPEN(number, 4), WRITE(number, 4));                                           \
    LIST_GIVES(list, (spelling, number), 1, OPEN(number, 4), WRITE(number, 4));                                      \
    fclose(stdin);                                                                                                   \
    stdin = kept;                                                                                                    \
  } while (0)
  INPUT_SCANS(scanf, vscanf, "%d");
  INPUT_SCANS(__isoc99_scanf, __isoc99_vscanf, "%d");
  INPUT_SCANS(wscanf, vwscanf, L"%d");
  INPUT_SCANS(__isoc99_wscanf, __isoc99_vwscanf, L"%d");
#define WIDE_FILE_SCANS(name, list)                                                                                  \
  do {                                                                                                               \
    FILE *input = reading("5 6");                                                                                    \
    GIVES(name, (input, L"%d", number), 1, OPEN(number, 4), WRITE(number, 4));                                       \
    LIST_GIVES(list, (input, L"%d", number), 1, OPEN(number, 4), WRITE(number, 4));                                  \
    fclose(input);                                                                                                   \
  } while (0)
  WIDE_FILE_SCANS(fwscanf, vfwscanf);
  WIDE_FILE_SCANS(__isoc99_fwscanf, __isoc99_vfwscanf);
  wchar_t *wide_source = wide_text(L"5 ab"), *wide_word = fake_object(WIDE(4));
#define WIDE_SCANS                                                                                                   \
  WIDE_STRING(wide_source, 4), OPEN(number, 4), OPEN(wide_word, WIDE(4)), WRITE(number, 4), WRITE(wide_word, WIDE(3))
  GIVES(swscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
  GIVES(__isoc99_swscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
  LIST_GIVES(vswscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
  LIST_GIVES(__isoc99_vswscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
}
