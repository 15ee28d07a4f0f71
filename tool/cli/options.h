/*
 * options.h: the runtime's options as flags of `freehold run`.
 *
 * Everything here is made from record/options.def, the table the library's own parser is made from, and takes what
 * that parser takes. The one difference: here a wrong value ends the command, because somebody is there to read why.
 */
#ifndef FREEHOLD_CLI_OPTIONS_H
#define FREEHOLD_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind { OPTION_KIND_SIZE, OPTION_KIND_TIME, OPTION_KIND_FLAG, OPTION_KIND_ENUM, OPTION_KIND_PATH };

struct option {
  const char *name; /* as in FREEHOLD=, with underscores */
  enum option_kind kind;
  uint64_t initial; /* for an enum the number of the word */
  uint64_t min, max;
  const char *words; /* enum: "a|b|c" */
  unsigned bare;     /* enum: the word that the bare name means */
  const char *help;
};

extern const struct option options[];
extern const size_t option_count;

/* What the flags of one command line set. values[i] belongs to options[i]: NULL when the flag was not given, "" when it
 * asks for the default, which FREEHOLD= has no word for. */
struct option_settings {
  char **values;
};

enum {
  OPTION_TEXT_BYTES = 64,
  OPTION_PATH_LIMIT = 255, /* the library keeps a path in a fixed array */
};

struct option_settings option_settings_create(void);
void option_settings_destroy(struct option_settings *settings);

enum option_result {
  OPTION_TAKEN,        /* one argument used */
  OPTION_TAKEN_DOUBLE, /* two: the flag and its value */
  OPTION_UNKNOWN,      /* not a runtime option; nothing said */
  OPTION_WRONG,        /* said why on standard error */
};

/* Reads the flag `argument` ("--limit=512M", "--limit", "--no-purge-thread"); `next` is the argument after it, or NULL. */
enum option_result option_settings_read(struct option_settings *settings, const char *argument, const char *next);

/* The text for FREEHOLD=: what `environment` (or NULL) says, less what the flags override, then the flags. NULL after
 * saying why when `environment` itself is wrong. The caller frees it. */
char *option_settings_merge(const struct option_settings *settings, const char *environment);

/* The nearest flag to a mistyped one, without dashes, or NULL when none is near. `extra` are further names, NULL-ended. */
const char *option_closest(const char *flag, const char *const *extra, char *buffer, size_t bytes);

/* "limit" with underscores as dashes. */
void option_flag_name(const struct option *option, char *buffer, size_t bytes);
/* "SIZE", "TIME", "off|text|json", "FILE", or NULL for a flag. */
const char *option_argument(const struct option *option);
/* The value must not be left out ("--limit 512M"), so it may be the next argument. */
bool option_needs_value(const struct option *option);
/* "0ms to 3600s; default 500ms", "default off; the name alone means text". */
void option_range_text(const struct option *option, char *buffer, size_t bytes);

#endif
