#include "space/mapping_lines.h"
#include "space/kernel.h"

#include <string.h>

struct cursor {
  const char *at, *end;
};

static bool take(struct cursor *cursor, char wanted) {
  if (cursor->at == cursor->end || *cursor->at != wanted)
    return false;
  cursor->at++;
  return true;
}

static uint64_t take_number(struct cursor *cursor, unsigned radix) {
  uint64_t value = 0;
  for (; cursor->at < cursor->end; cursor->at++) {
    char digit = *cursor->at;
    if (digit >= '0' && digit <= '9')
      value = value * radix + (uint64_t)(digit - '0');
    else if (digit >= 'a' && digit <= 'f' && radix == 16)
      value = value * radix + (uint64_t)(digit - 'a') + 10;
    else
      break;
  }
  return value;
}

bool mapping_line_parse(const char *line, const char *end, struct mapping_line *mapping) {
  struct cursor cursor = {line, end};
  mapping->start = take_number(&cursor, 16);
  if (!take(&cursor, '-'))
    return false;
  mapping->end = take_number(&cursor, 16);
  if (!take(&cursor, ' ') || cursor.end - cursor.at < 5)
    return false;
  mapping->readable = cursor.at[0] == 'r';
  mapping->writable = cursor.at[1] == 'w';
  mapping->executable = cursor.at[2] == 'x';
  mapping->shared = cursor.at[3] == 's';
  cursor.at += 4;
  if (!take(&cursor, ' '))
    return false;
  mapping->file_offset = take_number(&cursor, 16);
  if (!take(&cursor, ' '))
    return false;
  uint64_t major = take_number(&cursor, 16);
  if (!take(&cursor, ':'))
    return false;
  uint64_t minor = take_number(&cursor, 16);
  if (!take(&cursor, ' '))
    return false;
  uint64_t inode = take_number(&cursor, 10);
  mapping->file = inode == 0 ? 0 : inode * 0x9e3779b97f4a7c15u ^ (major << 20 | minor);
  while (take(&cursor, ' '))
    ;
  mapping->path = cursor.at;
  mapping->path_end = end;
  return true;
}

bool mapping_lines(bool (*take_line)(void *context, const struct mapping_line *mapping), void *context, char *buffer,
                   size_t bytes) {
  long fd = kernel_open_file("/proc/self/maps"), got = 0;
  if (fd < 0)
    return false;
  struct mapping_line mapping;
  size_t held = 0;
  bool more = true, cut = false; /* cut: of the line in the buffer, the start was taken already */
  while (more && (got = kernel_read((int)fd, buffer + held, bytes - held)) > 0) {
    size_t from = 0, scanned = held;
    held += (size_t)got;
    for (const char *newline; more && (newline = memchr(buffer + scanned, '\n', held - scanned)) != NULL;) {
      if (!cut && mapping_line_parse(buffer + from, newline, &mapping))
        more = take_line(context, &mapping);
      cut = false;
      from = scanned = (size_t)(newline - buffer) + 1;
    }
    held -= from;
    memmove(buffer, buffer + from, held);
    if (more && held == bytes) {
      if (!cut && mapping_line_parse(buffer, buffer + held, &mapping))
        more = take_line(context, &mapping);
      cut = true;
      held = 0;
    }
  }
  kernel_close((int)fd);
  return !more || got >= 0;
}
