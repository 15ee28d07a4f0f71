/*
 * calls_scan.c: the scanf family. What it writes depends on the input, so it is checked afterwards, for as many conversions
 * as the result says were assigned.
 */
#include "api/calls_format.h"

#include <stdio.h>
#include <wchar.h>

/* Conversions beyond so many are not followed. */
enum { TARGETS_MOST = 32 };

enum target_kind {
  TARGET_BYTES,       /* so many bytes */
  TARGET_STRING,      /* a string, whatever came */
  TARGET_WIDE_STRING, /* the same of wchar_t */
  TARGET_UNCOUNTED,   /* %n, which the result does not count */
};

struct target {
  void *pointer;
  size_t bytes; /* of BYTES and UNCOUNTED */
  enum target_kind kind;
};

struct targets {
  size_t count;
  struct target targets[TARGETS_MOST];
};

/* The older names read GNU's %as, where a asks for fresh memory; for the others it is a number of the standard's. */
enum letter_a { LETTER_A_NUMBER, LETTER_A_ALLOCATES };

static void skip_set(struct format *format) {
  format_accept(format, '^');
  format_accept(format, ']');
  unsigned character;
  do
    character = format_next(format);
  while (character != ']' && character != 0);
}

/* Reads one conversion behind its %; true when it has a target. *followed is false when no more can be told. */
static bool read_target(struct format *format, enum letter_a letter_a, struct target *target, bool *followed) {
  bool assigned = true, allocates = false;
  for (unsigned flag; is_one_of(flag = format_peek(format), "*'I") && flag != 0; format_next(format))
    assigned &= flag != '*';
  size_t width = format_digits(format);
  if (format_peek(format) == '$') {
    *followed = false;
    return false;
  }
  if (format_accept(format, 'm'))
    allocates = true;
  enum format_length length = format_take_length(format);
  if (letter_a == LETTER_A_ALLOCATES && format_peek(format) == 'a') {
    struct format ahead = *format;
    format_next(&ahead);
    if (is_one_of(format_peek(&ahead), "sS[")) {
      format_next(format);
      allocates = true;
    }
  }
  unsigned conversion = format_next(format);
  bool of_wide = length >= LENGTH_LONG || conversion == 'S' || conversion == 'C';
  target->kind = TARGET_BYTES;
  switch (conversion) {
  case '%':
    return false;
  case 'n':
    target->kind = TARGET_UNCOUNTED;
    target->bytes = format_integer_bytes(length);
    break;
  case 'd':
  case 'i':
  case 'o':
  case 'u':
  case 'x':
  case 'X':
  case 'b':
    target->bytes = format_integer_bytes(length);
    break;
  case 'p':
    target->bytes = sizeof(void *);
    break;
  case 'e':
  case 'E':
  case 'f':
  case 'F':
  case 'g':
  case 'G':
  case 'a':
  case 'A':
    target->bytes = length == LENGTH_LONG_DOUBLE ? sizeof(long double)
                    : length == LENGTH_LONG      ? sizeof(double)
                                                 : sizeof(float);
    break;
  case 'c':
  case 'C':
    target->bytes = product(width > 0 ? width : 1, of_wide ? sizeof(wchar_t) : 1);
    break;
  case '[':
    skip_set(format);
    target->kind = of_wide ? TARGET_WIDE_STRING : TARGET_STRING;
    break;
  case 's':
  case 'S':
    target->kind = of_wide ? TARGET_WIDE_STRING : TARGET_STRING;
    break;
  default:
    *followed = false;
    return false;
  }
  if (allocates) {
    target->kind = TARGET_BYTES;
    target->bytes = sizeof(void *);
  }
  return assigned;
}

/* Notes where the arguments are to be written, and makes that possible. */
static void open_targets(const struct call_site *site, const void *text, bool is_wide, enum letter_a letter_a,
                         va_list given, struct targets *targets) {
  targets->count = 0;
  struct format format = format_open(site, text, is_wide);
  va_list arguments;
  va_copy(arguments, given);
  bool followed = true;
  while (followed && format.at < format.length && targets->count < TARGETS_MOST) {
    struct target *target = &targets->targets[targets->count];
    if (format_next(&format) != '%' || !read_target(&format, letter_a, target, &followed))
      continue;
    target->pointer = va_arg(arguments, void *);
    bool sized = target->kind == TARGET_BYTES || target->kind == TARGET_UNCOUNTED;
    effect_opens(target->pointer, sized ? target->bytes : SIZE_MAX);
    targets->count++;
  }
  va_end(arguments);
}

/* The bytes of a string that has just been written, without looking beyond its object. */
static size_t written_string(const void *pointer, bool is_wide) {
  size_t unit = is_wide ? sizeof(wchar_t) : 1, most = access_room(pointer) / unit, length = 0;
  while (length < most && (is_wide ? ((const wchar_t *)pointer)[length] != 0 : ((const char *)pointer)[length] != 0))
    length++;
  return (length + 1) * unit; /* where no end is inside, it lies beyond */
}

static void check_targets(const struct call_site *site, const struct targets *targets, int assigned) {
  for (size_t i = 0; i < targets->count && assigned > 0; i++) {
    const struct target *target = &targets->targets[i];
    if (target->kind != TARGET_UNCOUNTED)
      assigned--;
    if (!checkable(target->pointer))
      continue;
    bool sized = target->kind == TARGET_BYTES || target->kind == TARGET_UNCOUNTED;
    size_t bytes = sized ? target->bytes : written_string(target->pointer, target->kind == TARGET_WIDE_STRING);
    access_write(site->call, site->place, target->pointer, bytes);
  }
}

/* clang-format off */

#define SCAN(is_wide, letter_a)                                                                                      \
  struct targets targets;                                                                                            \
  open_targets(&site, format, is_wide, letter_a, arguments, &targets)
#define SCANNED check_targets(&site, &targets, result)

/* One name of the family, and the one of variable arguments, with two spellings each. */
#define SCAN_CALLS(name, list_name, is_wide, letter_a, character)                                                    \
  CALL(int, list_name, (const character *format, va_list arguments), (format, arguments), ALWAYS,                    \
       SCAN(is_wide, letter_a), SCANNED)                                                                             \
  CALL_VARIADIC(int, name, (const character *format, ...), format, REAL(list_name)(format, arguments),               \
                SCAN(is_wide, letter_a), SCANNED)
#define SCAN_FILE_CALLS(name, list_name, is_wide, letter_a, character)                                               \
  CALL(int, list_name, (FILE *file, const character *format, va_list arguments), (file, format, arguments), ALWAYS,  \
       SCAN(is_wide, letter_a), SCANNED)                                                                             \
  CALL_VARIADIC(int, name, (FILE *file, const character *format, ...), format,                                       \
                REAL(list_name)(file, format, arguments), SCAN(is_wide, letter_a), SCANNED)
#define SCAN_STRING_CALLS(name, list_name, is_wide, letter_a, character, string)                                     \
  CALL(int, list_name, (const character *from, const character *format, va_list arguments),                          \
       (from, format, arguments), ALWAYS, string(&site, from, SIZE_MAX); SCAN(is_wide, letter_a), SCANNED)           \
  CALL_VARIADIC(int, name, (const character *from, const character *format, ...), format,                            \
                REAL(list_name)(from, format, arguments),                                                            \
                string(&site, from, SIZE_MAX); SCAN(is_wide, letter_a), SCANNED)

SCAN_CALLS(scanf, vscanf, false, LETTER_A_ALLOCATES, char)
SCAN_CALLS(__isoc99_scanf, __isoc99_vscanf, false, LETTER_A_NUMBER, char)
SCAN_CALLS(__isoc23_scanf, __isoc23_vscanf, false, LETTER_A_NUMBER, char)
SCAN_CALLS(wscanf, vwscanf, true, LETTER_A_ALLOCATES, wchar_t)
SCAN_CALLS(__isoc99_wscanf, __isoc99_vwscanf, true, LETTER_A_NUMBER, wchar_t)
SCAN_CALLS(__isoc23_wscanf, __isoc23_vwscanf, true, LETTER_A_NUMBER, wchar_t)
SCAN_FILE_CALLS(fscanf, vfscanf, false, LETTER_A_ALLOCATES, char)
SCAN_FILE_CALLS(__isoc99_fscanf, __isoc99_vfscanf, false, LETTER_A_NUMBER, char)
SCAN_FILE_CALLS(__isoc23_fscanf, __isoc23_vfscanf, false, LETTER_A_NUMBER, char)
SCAN_FILE_CALLS(fwscanf, vfwscanf, true, LETTER_A_ALLOCATES, wchar_t)
SCAN_FILE_CALLS(__isoc99_fwscanf, __isoc99_vfwscanf, true, LETTER_A_NUMBER, wchar_t)
SCAN_FILE_CALLS(__isoc23_fwscanf, __isoc23_vfwscanf, true, LETTER_A_NUMBER, wchar_t)
SCAN_STRING_CALLS(sscanf, vsscanf, false, LETTER_A_ALLOCATES, char, effect_string)
SCAN_STRING_CALLS(__isoc99_sscanf, __isoc99_vsscanf, false, LETTER_A_NUMBER, char, effect_string)
SCAN_STRING_CALLS(__isoc23_sscanf, __isoc23_vsscanf, false, LETTER_A_NUMBER, char, effect_string)
SCAN_STRING_CALLS(swscanf, vswscanf, true, LETTER_A_ALLOCATES, wchar_t, effect_wide_string)
SCAN_STRING_CALLS(__isoc99_swscanf, __isoc99_vswscanf, true, LETTER_A_NUMBER, wchar_t, effect_wide_string)
SCAN_STRING_CALLS(__isoc23_swscanf, __isoc23_vswscanf, true, LETTER_A_NUMBER, wchar_t, effect_wide_string)
