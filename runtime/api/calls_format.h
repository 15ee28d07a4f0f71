/*
 * calls_format.h: reading the formats of printf and scanf, of either kind of characters.
 */
#ifndef FREEHOLD_API_CALLS_FORMAT_H
#define FREEHOLD_API_CALLS_FORMAT_H

#include "api/calls.h"

#include <stdarg.h>

struct format {
  const void *text;
  size_t length, at;
  bool is_wide;
};

/* Checks that the format is a string, and starts at its beginning. */
struct format format_open(const struct call_site *site, const void *text, bool is_wide);

/* The next character, 0 at the end; taking it, or taking it if it is this one. */
unsigned format_peek(const struct format *format);
unsigned format_next(struct format *format);
bool format_accept(struct format *format, unsigned character);

/* Takes digits; without any the number is 0. */
unsigned format_digits(struct format *format);

bool is_one_of(unsigned character, const char *set);

enum format_length {
  LENGTH_CHAR = -2,
  LENGTH_SHORT,
  LENGTH_INT,
  LENGTH_LONG,
  LENGTH_LONG_LONG, /* and everything of its size */
  LENGTH_LONG_DOUBLE,
};

/* Takes hh, h, l, ll, j, z, t, q or L. */
enum format_length format_take_length(struct format *format);

/* Bytes of an integer of that length. */
size_t format_integer_bytes(enum format_length length);

/*
 * A function of variable arguments: `real` calls the one that takes them as a list, named `arguments`, and gives `result`.
 * `last` is the last parameter that has a name.
 */
#define CALL_VARIADIC(type, name, parameters, last, real, before, after)                                             \
  CALL_BY_HAND(type, name, parameters) {                                                                             \
    CALL_SITE(name);                                                                                                 \
    va_list arguments;                                                                                               \
    va_start(arguments, last);                                                                                       \
    before;                                                                                                          \
    type result = real;                                                                                              \
    after;                                                                                                           \
    access_done();                                                                                                   \
    va_end(arguments);                                                                                               \
    return result;                                                                                                   \
  }
#define CALL_VARIADIC_NOTHING(name, parameters, last, real, before)                                                  \
  CALL_BY_HAND(void, name, parameters) {                                                                             \
    CALL_SITE(name);                                                                                                 \
    va_list arguments;                                                                                               \
    va_start(arguments, last);                                                                                       \
    before;                                                                                                          \
    real;                                                                                                            \
    va_end(arguments);                                                                                               \
  }

#endif
