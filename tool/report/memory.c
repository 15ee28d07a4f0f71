#include "tool/report/memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/utf8.h"

enum { EXIT_WITHOUT_MEMORY = 125, FIRST_ROOM = 16 };

static void *there_or_end(void *memory) {
  if (memory != NULL)
    return memory;
  fputs("freehold: out of memory; free some, or raise the limit with ulimit -v\n", stderr);
  exit(EXIT_WITHOUT_MEMORY);
}

void *memory_allocate(size_t count, size_t bytes) {
  return there_or_end(calloc(count == 0 ? 1 : count, bytes == 0 ? 1 : bytes));
}

void *memory_grow(void *array, size_t count, size_t *room, size_t bytes) {
  if (count < *room)
    return array;
  size_t more = *room == 0 ? FIRST_ROOM : 2 * *room;
  array = there_or_end(reallocarray(array, more, bytes));
  memset((char *)array + *room * bytes, 0, (more - *room) * bytes);
  *room = more;
  return array;
}

char *memory_copy_bytes(const void *text, size_t bytes) {
  char *copy = memory_allocate(bytes + 1, 1);
  memcpy(copy, text, bytes);
  return copy;
}

char *memory_copy(const char *text) {
  return memory_copy_bytes(text, strlen(text));
}

void text_add_bytes(struct text *to, const void *more, size_t bytes) {
  if (to->room - to->length <= bytes) {
    size_t room = 2 * to->room + bytes + FIRST_ROOM;
    to->text = there_or_end(realloc(to->text, room));
    to->room = room;
  }
  if (bytes > 0)
    memcpy(to->text + to->length, more, bytes);
  to->length += bytes;
  to->text[to->length] = '\0';
}

void text_add(struct text *to, const char *more) {
  text_add_bytes(to, more, strlen(more));
}

void text_format(struct text *to, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length > 0) {
    char *line = memory_allocate((size_t)length + 1, 1);
    vsnprintf(line, (size_t)length + 1, format, again);
    text_add_bytes(to, line, (size_t)length);
    free(line);
  }
  va_end(again);
}

/* Control characters of ASCII, and those of Latin-1 as UTF-8 has them. */
static bool is_control(const char *at) {
  enum { DELETE = 0x7f, LATIN_LEAD = 0xc2, LATIN_CONTROLS_END = 0xa0 };
  unsigned char first = (unsigned char)at[0];
  return first < ' ' || first == DELETE || (first == LATIN_LEAD && (unsigned char)at[1] < LATIN_CONTROLS_END);
}

void text_add_clean(struct text *to, const char *more) {
  while (*more != '\0') {
    size_t bytes = utf8_bytes(more);
    if (bytes > 0 && !is_control(more)) {
      text_add_bytes(to, more, bytes);
      more += bytes;
    } else {
      text_format(to, "\\x%02x", (unsigned char)*more++);
    }
  }
}

char *text_take(struct text *from) {
  char *text = from->text != NULL ? from->text : memory_copy("");
  *from = (struct text){0};
  return text;
}
