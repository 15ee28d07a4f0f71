/*
 * suppressions.h: lines that name reports which are not to be shown.
 *
 * One a line: KIND:FRAME > FRAME > ..., frames from the innermost outwards. KIND is a report's id or a glob of it. FRAME
 * is a glob of a function's name, with @GLOB after it for the name of the module; "..." stands for any number of frames.
 * Frames beyond the last one named don't matter. Lines that are empty or begin with # are comments.
 *
 *     leak:strdup > parse_config
 *     *:*@libbroken.so*
 *     heap-use-after-free:... > legacy_*
 */
#ifndef FREEHOLD_REPORT_SUPPRESSIONS_H
#define FREEHOLD_REPORT_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool/report/frames.h"

struct suppression {
  char *line, *file;
  unsigned number; /* of the line */
  uint64_t used;
};

struct suppressions {
  struct suppression *all;
  size_t count, room;
};

/* Adds the lines of a file. NULL, or a sentence that says what is wrong, which the caller frees. */
char *suppressions_read(struct suppressions *suppressions, const char *path);
void suppressions_destroy(struct suppressions *suppressions);

/* Whether a report of this kind and stack is suppressed; counts the line that does it. */
bool suppressions_match(struct suppressions *suppressions, const char *kind, const struct frames *frames);

/* The line that suppresses this report and its like. The caller frees it. */
char *suppression_line(const char *kind, const struct frames *frames);

#endif
