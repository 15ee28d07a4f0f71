/*
 * calls_print.c: the printf family. Formats are walked for the strings among the arguments, and what a buffer will get is
 * measured before it is written: then an object that is too small is told about before anything is overwritten.
 */
#include "api/calls_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

enum { NO_PRECISION = -1 };

/* A number, or `*`, which takes it from the arguments. False for `5$`: arguments out of their order aren't followed. */
static bool take_number(struct format *format, va_list *arguments, int *number) {
  if (format_accept(format, '*')) {
    *number = va_arg(*arguments, int);
    return format_peek(format) - '0' >= 10; /* not *5$ */
  }
  *number = (int)format_digits(format);
  return format_peek(format) != '$';
}

static void check_string(const struct call_site *site, const struct format *format, const void *string,
                         bool wide_string, int precision) {
  size_t most = precision < 0 ? SIZE_MAX : (size_t)precision;
  if (!wide_string && (!format->is_wide || most == SIZE_MAX))
    effect_string(site, string, most);
  else if (wide_string && (format->is_wide || most == SIZE_MAX))
    effect_wide_string(site, string, most);
  /* The precision counts what comes out, which says little of how much of a string of the other kind is read. */
}

/* One conversion, behind its %. False when what follows can't be told any more. */
static bool check_conversion(const struct call_site *site, struct format *format, va_list *arguments) {
  int width, precision = NO_PRECISION;
  while (is_one_of(format_peek(format), "-+ #0'I"))
    format_next(format);
  if (!take_number(format, arguments, &width))
    return false;
  if (format_accept(format, '.') && !take_number(format, arguments, &precision))
    return false;
  enum format_length length = format_take_length(format);
  unsigned conversion = format_next(format);
  switch (conversion) {
  case '%':
  case 'm':
    return true;
  case 'd':
  case 'i':
  case 'o':
  case 'u':
  case 'x':
  case 'X':
  case 'b':
  case 'B':
    if (length >= LENGTH_LONG)
      (void)va_arg(*arguments, long);
    else
      (void)va_arg(*arguments, int);
    return true;
  case 'c':
  case 'C':
    (void)va_arg(*arguments, int); /* wint_t is passed alike */
    return true;
  case 'e':
  case 'E':
  case 'f':
  case 'F':
  case 'g':
  case 'G':
  case 'a':
  case 'A':
    if (length == LENGTH_LONG_DOUBLE)
      (void)va_arg(*arguments, long double);
    else
      (void)va_arg(*arguments, double);
    return true;
  case 'p':
    (void)va_arg(*arguments, void *);
    return true;
  case 's':
  case 'S':
    check_string(site, format, va_arg(*arguments, void *), conversion == 'S' || length == LENGTH_LONG, precision);
    return true;
  case 'n':
    access_write(site->call, site->place, va_arg(*arguments, void *), format_integer_bytes(length));
    return true;
  default:
    return false; /* the program's own, by register_printf_function, takes who knows what */
  }
}

/* Checks what the format takes from the arguments, as far as that can be followed. */
static void check_format(const struct call_site *site, const void *text, bool is_wide, va_list given) {
  if (text == NULL)
    return;
  struct format format = format_open(site, text, is_wide);
  va_list arguments;
  va_copy(arguments, given);
  while (format.at < format.length)
    if (format_next(&format) == '%' && !check_conversion(site, &format, &arguments))
      break;
  va_end(arguments);
}

#define FORMAT(text, arguments)      check_format(&site, (text), false, (arguments))
#define WIDE_FORMAT(text, arguments) check_format(&site, (text), true, (arguments))

/* clang-format off */

/* ---- Into streams and descriptors ---- */

#define CHECK FORMAT(format, arguments)
#define CHECK_WIDE WIDE_FORMAT(format, arguments)

CALL(int, vprintf, (const char *format, va_list arguments), (format, arguments), ALWAYS, CHECK, NOTHING)
CALL(int, vfprintf, (FILE *file, const char *format, va_list arguments), (file, format, arguments), ALWAYS, CHECK, NOTHING)
CALL(int, vdprintf, (int fd, const char *format, va_list arguments), (fd, format, arguments), ALWAYS, CHECK, NOTHING)
CALL(int, __vprintf_chk, (int flag, const char *format, va_list arguments), (flag, format, arguments), ALWAYS, CHECK, NOTHING)
CALL(int, __vfprintf_chk, (FILE *file, int flag, const char *format, va_list arguments), (file, flag, format, arguments),
     ALWAYS, CHECK, NOTHING)
CALL(int, __vdprintf_chk, (int fd, int flag, const char *format, va_list arguments), (fd, flag, format, arguments),
     ALWAYS, CHECK, NOTHING)
CALL(int, vwprintf, (const wchar_t *format, va_list arguments), (format, arguments), ALWAYS, CHECK_WIDE, NOTHING)
CALL(int, vfwprintf, (FILE *file, const wchar_t *format, va_list arguments), (file, format, arguments), ALWAYS,
     CHECK_WIDE, NOTHING)
CALL_NOTHING(vsyslog, (int priority, const char *format, va_list arguments), (priority, format, arguments), ALWAYS, CHECK)
CALL_NOTHING(__vsyslog_chk, (int priority, int flag, const char *format, va_list arguments),
             (priority, flag, format, arguments), ALWAYS, CHECK)

CALL_VARIADIC(int, printf, (const char *format, ...), format, REAL(vprintf)(format, arguments), CHECK, NOTHING)
CALL_VARIADIC(int, fprintf, (FILE *file, const char *format, ...), format, REAL(vfprintf)(file, format, arguments),
              CHECK, NOTHING)
CALL_VARIADIC(int, dprintf, (int fd, const char *format, ...), format, REAL(vdprintf)(fd, format, arguments),
              CHECK, NOTHING)
CALL_VARIADIC(int, __printf_chk, (int flag, const char *format, ...), format,
              REAL(__vprintf_chk)(flag, format, arguments), CHECK, NOTHING)
CALL_VARIADIC(int, __fprintf_chk, (FILE *file, int flag, const char *format, ...), format,
              REAL(__vfprintf_chk)(file, flag, format, arguments), CHECK, NOTHING)
CALL_VARIADIC(int, __dprintf_chk, (int fd, int flag, const char *format, ...), format,
              REAL(__vdprintf_chk)(fd, flag, format, arguments), CHECK, NOTHING)
CALL_VARIADIC(int, wprintf, (const wchar_t *format, ...), format, REAL(vwprintf)(format, arguments), CHECK_WIDE, NOTHING)
CALL_VARIADIC(int, fwprintf, (FILE *file, const wchar_t *format, ...), format,
              REAL(vfwprintf)(file, format, arguments), CHECK_WIDE, NOTHING)
CALL_VARIADIC_NOTHING(syslog, (int priority, const char *format, ...), format,
                      REAL(vsyslog)(priority, format, arguments), CHECK)
CALL_VARIADIC_NOTHING(__syslog_chk, (int priority, int flag, const char *format, ...), format,
                      REAL(__vsyslog_chk)(priority, flag, format, arguments), CHECK)

/* ---- Into buffers ---- */

/* clang-format on */
typedef int measure_function(char *to, size_t bytes, const char *format, va_list arguments);

/* What will be written to a buffer of `bytes` bytes is measured by a run without one. */
static void check_buffer(const struct call_site *site, measure_function *measure, char *to, size_t bytes,
                         const char *format, va_list given) {
  if (bytes == 0 || !checkable(to))
    return;
  int saved_errno = errno;
  va_list arguments;
  va_copy(arguments, given);
  int length = measure(NULL, 0, format, arguments);
  va_end(arguments);
  errno = saved_errno;
  if (length >= 0)
    access_write(site->call, site->place, to, least(bytes, (size_t)length + 1));
}
/* clang-format off */

#define CHECK_BUFFER(bytes)                                                                                          \
  CHECK;                                                                                                             \
  check_buffer(&site, REAL(vsnprintf), to, (bytes), format, arguments)

CALL(int, vsnprintf, (char *to, size_t bytes, const char *format, va_list arguments), (to, bytes, format, arguments),
     ALWAYS, CHECK_BUFFER(bytes), NOTHING)
CALL(int, vsprintf, (char *to, const char *format, va_list arguments), (to, format, arguments), ALWAYS,
     CHECK_BUFFER(SIZE_MAX), NOTHING)
CALL(int, __vsnprintf_chk, (char *to, size_t bytes, int flag, size_t room, const char *format, va_list arguments),
     (to, bytes, flag, room, format, arguments), ALWAYS, CHECK_BUFFER(bytes), NOTHING)
CALL(int, __vsprintf_chk, (char *to, int flag, size_t room, const char *format, va_list arguments),
     (to, flag, room, format, arguments), ALWAYS, CHECK_BUFFER(SIZE_MAX), NOTHING)

CALL_VARIADIC(int, snprintf, (char *to, size_t bytes, const char *format, ...), format,
              REAL(vsnprintf)(to, bytes, format, arguments), CHECK_BUFFER(bytes), NOTHING)
CALL_VARIADIC(int, sprintf, (char *to, const char *format, ...), format, REAL(vsprintf)(to, format, arguments),
              CHECK_BUFFER(SIZE_MAX), NOTHING)
CALL_VARIADIC(int, __snprintf_chk, (char *to, size_t bytes, int flag, size_t room, const char *format, ...), format,
              REAL(__vsnprintf_chk)(to, bytes, flag, room, format, arguments), CHECK_BUFFER(bytes), NOTHING)
CALL_VARIADIC(int, __sprintf_chk, (char *to, int flag, size_t room, const char *format, ...), format,
              REAL(__vsprintf_chk)(to, flag, room, format, arguments), CHECK_BUFFER(SIZE_MAX), NOTHING)

/* What a wide buffer gets can't be measured: the call just fails when something doesn't fit. */
#define PRINTED_WIDE FILLED(to, wide(count), result < 0 ? 0 : wide((size_t)result + 1))

CALL(int, vswprintf, (wchar_t *to, size_t count, const wchar_t *format, va_list arguments),
     (to, count, format, arguments), ALWAYS, CHECK_WIDE; OPENS(to, wide(count)), PRINTED_WIDE)
CALL_VARIADIC(int, swprintf, (wchar_t *to, size_t count, const wchar_t *format, ...), format,
              REAL(vswprintf)(to, count, format, arguments), CHECK_WIDE; OPENS(to, wide(count)), PRINTED_WIDE)

/* ---- Into fresh memory ---- */

#define CHECK_POINTER                                                                                                \
  CHECK;                                                                                                             \
  WRITES(to, sizeof *to)
#define PRINTED_FRESH                                                                                                \
  if (result >= 0)                                                                                                   \
  WRITES(*to, (size_t)result + 1)

CALL(int, vasprintf, (char **to, const char *format, va_list arguments), (to, format, arguments), ALWAYS, CHECK_POINTER,
     PRINTED_FRESH)
CALL(int, __vasprintf_chk, (char **to, int flag, const char *format, va_list arguments), (to, flag, format, arguments),
     ALWAYS, CHECK_POINTER, PRINTED_FRESH)
CALL_VARIADIC(int, asprintf, (char **to, const char *format, ...), format, REAL(vasprintf)(to, format, arguments),
              CHECK_POINTER, PRINTED_FRESH)
CALL_VARIADIC(int, __asprintf_chk, (char **to, int flag, const char *format, ...), format,
              REAL(__vasprintf_chk)(to, flag, format, arguments), CHECK_POINTER, PRINTED_FRESH)
