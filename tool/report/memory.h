/* memory.h: memory that is there or ends the command, and text that grows. */
#ifndef FREEHOLD_REPORT_MEMORY_H
#define FREEHOLD_REPORT_MEMORY_H

#include <stddef.h>

/* All zero. */
void *memory_allocate(size_t count, size_t bytes);
/* Makes room for one more in an array of `count` entries whose room is *room; returns where it is now. */
void *memory_grow(void *array, size_t count, size_t *room, size_t bytes);
char *memory_copy(const char *text);
char *memory_copy_bytes(const void *text, size_t bytes);

/* A text; {0} is the empty one, whose `text` is NULL. */
struct text {
  char *text;
  size_t length, room;
};
void text_add(struct text *to, const char *more);
void text_add_bytes(struct text *to, const void *more, size_t bytes);
__attribute__((format(printf, 2, 3))) void text_format(struct text *to, const char *format, ...);
/* Text from outside as one line that a terminal can show: control characters, and what is not UTF-8, become \xNN. */
void text_add_clean(struct text *to, const char *more);
/* The text, which the caller frees; never NULL. */
char *text_take(struct text *from);

#endif
