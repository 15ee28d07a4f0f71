#include "base/print.h"
#include "base/syscall.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void text_clear(struct text *text) {
  text->length = 0;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length) {
  size_t room = sizeof text->bytes - text->length;
  if (length > room)
    length = room;
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
}

void text_add(struct text *text, const char *string) {
  text_add_bytes(text, string, strlen(string));
}

static void add_number(struct text *text, uint64_t value, unsigned radix) {
  char digits[24];
  size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[value % radix];
    value /= radix;
  } while (value != 0);
  text_add_bytes(text, digits + at, sizeof digits - at);
}

void text_add_decimal(struct text *text, uint64_t value) {
  add_number(text, value, 10);
}

void text_add_hex(struct text *text, uint64_t value) {
  text_add(text, "0x");
  add_number(text, value, 16);
}

bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    long written = SYSCALL3(SYS_write, fd, bytes, length);
    if (written == -EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes += written;
    length -= (size_t)written;
  }
  return true;
}

bool text_write(const struct text *text, int fd) {
  return write_all(fd, text->bytes, text->length);
}

void warn(const char *part, ...) {
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: ");
  va_list parts;
  va_start(parts, part);
  for (; part != NULL; part = va_arg(parts, const char *))
    text_add(&line, part);
  va_end(parts);
  text_add(&line, "\n");
  text_write(&line, STDERR_FILENO);
}

_Noreturn void die(void) {
  abort();
}
