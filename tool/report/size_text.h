/* size_text.h: a size in memory for people: "612 MiB", "1.5 GiB". */
#ifndef FREEHOLD_REPORT_SIZE_TEXT_H
#define FREEHOLD_REPORT_SIZE_TEXT_H

#include <stdint.h>

enum { SIZE_TEXT_BYTES = 24 };

/* Writes at most SIZE_TEXT_BYTES bytes, and returns `text`. */
char *size_text(uint64_t bytes, char *text);

#endif
