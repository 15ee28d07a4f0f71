#include "tool/report/suppressions.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/memory.h"

static const char separator[] = " > ", any_frames[] = "...";

/* Blanks at both ends gone, in place. */
static char *trim(char *text) {
  static const char blanks[] = " \t\r\n";
  text += strspn(text, blanks);
  size_t length = strlen(text);
  while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
    text[--length] = '\0';
  return text;
}

char *suppressions_read(struct suppressions *suppressions, const char *path) {
  struct text problem = {0};
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    text_format(&problem, "%s: %s", path, strerror(errno));
    return text_take(&problem);
  }
  char *line = NULL;
  size_t room = 0;
  unsigned number = 0;
  errno = 0;
  while (problem.text == NULL && getline(&line, &room, file) >= 0) {
    number++;
    char *text = trim(line);
    if (text[0] == '\0' || text[0] == '#')
      continue;
    char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0') {
      text_format(&problem, "%s:%u: %s: not a suppression; write KIND:FUNCTION > FUNCTION, see freehold-check(1)",
                  path, number, text);
      break;
    }
    suppressions->all =
        memory_grow(suppressions->all, suppressions->count, &suppressions->room, sizeof suppressions->all[0]);
    suppressions->all[suppressions->count++] = (struct suppression){memory_copy(text), memory_copy(path), number, 0};
  }
  if (problem.text == NULL && ferror(file))
    text_format(&problem, "%s: %s", path, strerror(errno));
  free(line);
  fclose(file);
  return problem.text;
}

void suppressions_destroy(struct suppressions *suppressions) {
  for (size_t i = 0; i < suppressions->count; i++) {
    free(suppressions->all[i].line);
    free(suppressions->all[i].file);
  }
  free(suppressions->all);
  *suppressions = (struct suppressions){0};
}

/* The function's own @ (a symbol's version) is none of ours: the module begins behind the last one. */
static bool frame_matches(const char *pattern, const struct frame *frame) {
  char *copy = memory_copy(pattern);
  char *at = strrchr(copy, '@');
  bool matches = true;
  if (at != NULL) {
    *at = '\0';
    matches = fnmatch(at + 1, frame_module_name(frame), 0) == 0 || fnmatch(at + 1, frame->module, 0) == 0;
  }
  if (matches && strcmp(copy, "*") != 0 && copy[0] != '\0')
    matches = frame->function != NULL && fnmatch(copy, frame->function, 0) == 0;
  free(copy);
  return matches;
}

/* `patterns` is cut into its frames already, each ended by NUL. */
static bool frames_match(char **patterns, size_t pattern_count, const struct frame *frames, size_t count) {
  if (pattern_count == 0)
    return true;
  if (strcmp(patterns[0], any_frames) == 0) {
    for (size_t skipped = 0; skipped <= count; skipped++)
      if (frames_match(patterns + 1, pattern_count - 1, frames + skipped, count - skipped))
        return true;
    return false;
  }
  return count > 0 && frame_matches(patterns[0], &frames[0]) &&
         frames_match(patterns + 1, pattern_count - 1, frames + 1, count - 1);
}

static bool line_matches(const char *line, const char *kind, const struct frames *frames) {
  enum { PATTERNS_MOST = 64 };
  char *copy = memory_copy(line);
  char *colon = strchr(copy, ':');
  *colon = '\0';
  char *patterns[PATTERNS_MOST];
  size_t count = 0;
  bool after_any = false;
  for (char *at = colon + 1; at != NULL && count < PATTERNS_MOST;) {
    char *end = strstr(at, separator);
    if (end != NULL)
      *end = '\0';
    char *pattern = trim(at);
    /* Two in a row mean the same as one, and would cost time. */
    bool is_any = strcmp(pattern, any_frames) == 0;
    if (!is_any || !after_any)
      patterns[count++] = pattern;
    after_any = is_any;
    at = end != NULL ? end + strlen(separator) : NULL;
  }
  bool matches = fnmatch(trim(copy), kind, 0) == 0 && frames_match(patterns, count, frames->all, frames->count);
  free(copy);
  return matches;
}

bool suppressions_match(struct suppressions *suppressions, const char *kind, const struct frames *frames) {
  for (size_t i = 0; i < suppressions->count; i++)
    if (line_matches(suppressions->all[i].line, kind, frames)) {
      suppressions->all[i].used++;
      return true;
    }
  return false;
}

/* As a glob that matches the name. */
static void add_escaped(struct text *to, const char *name) {
  for (; *name != '\0'; name++) {
    if (strchr("[\\", *name) != NULL)
      text_add(to, "\\");
    text_add_bytes(to, name, 1);
  }
}

char *suppression_line(const char *kind, const struct frames *frames) {
  enum { NAMED_MOST = 4 };
  struct text text = {0};
  text_format(&text, "%s:", kind);
  if (frames->count == 0)
    text_add(&text, any_frames);
  for (size_t i = 0; i < frames->count && i < NAMED_MOST; i++) {
    const struct frame *frame = &frames->all[i];
    if (i > 0)
      text_add(&text, separator);
    if (frame->function != NULL) {
      add_escaped(&text, frame->function);
    } else {
      text_add(&text, "*");
      if (frame->module[0] != '\0') {
        text_add(&text, "@");
        add_escaped(&text, frame_module_name(frame));
      }
    }
    if (frame->function != NULL && strcmp(frame->function, "main") == 0)
      break;
  }
  char *line = text_take(&text);
  /* A newline in a path would end the line. */
  for (char *at = line; *at != '\0'; at++)
    if (*at == '\n')
      *at = '?';
  return line;
}
