/*
 * calls_format.c: reading formats.
 */
#include "api/calls_format.h"

#include <wchar.h>

struct format format_open(const struct call_site *site, const void *text, bool is_wide) {
  size_t length =
      is_wide ? effect_wide_length(site, text, SIZE_MAX) : access_string(site->call, site->place, text, SIZE_MAX);
  return (struct format){.text = text, .length = length, .is_wide = is_wide};
}

unsigned format_peek(const struct format *format) {
  if (format->at >= format->length)
    return 0;
  return format->is_wide ? (unsigned)((const wchar_t *)format->text)[format->at]
                         : ((const unsigned char *)format->text)[format->at];
}

unsigned format_next(struct format *format) {
  unsigned character = format_peek(format);
  format->at += character != 0;
  return character;
}

bool format_accept(struct format *format, unsigned character) {
  bool is = format_peek(format) == character;
  format->at += is;
  return is;
}

unsigned format_digits(struct format *format) {
  unsigned value = 0;
  while (format_peek(format) - '0' < 10)
    value = value * 10 + (format_next(format) - '0');
  return value;
}

bool is_one_of(unsigned character, const char *set) {
  for (; *set != 0; set++)
    if (character == (unsigned char)*set)
      return true;
  return false;
}

enum format_length format_take_length(struct format *format) {
  switch (format_peek(format)) {
  case 'h':
    format_next(format);
    return format_accept(format, 'h') ? LENGTH_CHAR : LENGTH_SHORT;
  case 'l':
    format_next(format);
    return format_accept(format, 'l') ? LENGTH_LONG_LONG : LENGTH_LONG;
  case 'q':
  case 'j':
  case 'z':
  case 'Z':
  case 't':
    format_next(format);
    return LENGTH_LONG_LONG;
  case 'L':
    format_next(format);
    return LENGTH_LONG_DOUBLE;
  default:
    return LENGTH_INT;
  }
}

size_t format_integer_bytes(enum format_length length) {
  switch (length) {
  case LENGTH_CHAR:
    return sizeof(char);
  case LENGTH_SHORT:
    return sizeof(short);
  case LENGTH_INT:
    return sizeof(int);
  default:
    return sizeof(long long);
  }
}
