/*
 * print.h: text without malloc, stdio or locale. Async-signal-safe.
 */
#ifndef FREEHOLD_BASE_PRINT_H
#define FREEHOLD_BASE_PRINT_H

#include "base/bits.h"

/* A line under construction. What does not fit is dropped. */
struct text {
  size_t length;
  char bytes[1024];
};

void text_clear(struct text *text);
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_decimal(struct text *text, uint64_t value);
void text_add_hex(struct text *text, uint64_t value); /* with 0x */
/* Writes all of it to a file descriptor; false when that was not possible. */
bool text_write(const struct text *text, int fd);

/* "freehold: " and the parts up to a NULL, then a newline, to standard error. */
void warn(const char *part, ...) __attribute__((sentinel));

/* The same. */
bool write_all(int fd, const char *bytes, size_t length);

/* Ends the program as abort() does, without running anything of the program's but a SIGABRT handler. */
_Noreturn void die(void);

#endif
