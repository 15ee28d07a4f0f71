/*
 * options.h: the runtime's options as flags of `freehold run` and `freehold check`.
 *
 * Everything here is made from the tables of options in record/, the ones the library's own parser is made from, and takes what
 * that parser takes. The one difference: here a wrong value ends the command, because somebody is there to read why.
 */
#ifndef FREEHOLD_CLI_OPTIONS_H
#define FREEHOLD_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
  OPTION_KIND_SIZE,
  OPTION_KIND_COUNT,
  OPTION_KIND_TIME,
  OPTION_KIND_FLAG,
  OPTION_KIND_ENUM,
  OPTION_KIND_PATH,
  OPTION_KIND_TEXT,
  OPTION_KIND_RATE,
};

/* Which library heeds an option, and so which commands take it as a flag: `run` and `check` those of the heap and their own;
 * those of the collector `run` takes with --gc. In FREEHOLD= all stand: each library knows the others'. */
enum option_scope {
  OPTION_SCOPE_NONE,
  OPTION_SCOPE_HEAP,
  OPTION_SCOPE_CHECK,
  OPTION_SCOPE_COLLECT,
  OPTION_SCOPE_ALL
};

struct option {
  const char *name; /* as in FREEHOLD=, with underscores */
  enum option_kind kind;
  uint64_t initial; /* for an enum the number of the word */
  uint64_t min, max;
  const char *words; /* enum: "a|b|c"; text: how --help calls it */
  unsigned bare;     /* enum: the word that the bare name means; rate: the number */
  const char *help;
  enum option_scope scope;
};

extern const struct option options[];
extern const size_t option_count;

/* What the flags of one command line set. values[i] belongs to options[i]: NULL when the flag was not given, "" when it
 * asks for the default, which FREEHOLD= has no word for. */
struct option_settings {
  char **values;
  enum option_scope scope;
  const struct option *last_bare; /* the last flag read, when its value could be and was left out; else NULL */
};

enum {
  OPTION_TEXT_BYTES = 64,
  OPTION_PATH_LIMIT = 255, /* the library keeps a path in a fixed array */
};

struct option_settings option_settings_create(enum option_scope scope);
void option_settings_destroy(struct option_settings *settings);

enum option_result {
  OPTION_TAKEN,        /* one argument used */
  OPTION_TAKEN_DOUBLE, /* two: the flag and its value */
  OPTION_UNKNOWN,      /* no option of this scope; nothing said */
  OPTION_WRONG,        /* said why on standard error */
};

/* Reads the flag `argument` ("--limit=512M", "--limit", "--no-purge-thread"); `next` is the argument after it, or NULL. */
enum option_result option_settings_read(struct option_settings *settings, const char *argument, const char *next);

/* The text for FREEHOLD=: what `environment` (or NULL) says, less what the flags override, then the flags. NULL after
 * saying why when `environment` itself is wrong. The caller frees it. */
char *option_settings_merge(const struct option_settings *settings, const char *environment);

/* The nearest flag of the scope to a mistyped one, without dashes, or NULL when none is near. `extra` are further names,
 * NULL-ended. */
const char *option_closest(enum option_scope scope, const char *flag, const char *const *extra, char *buffer,
                           size_t bytes);

/* Whether commands of this scope take the option as a flag. */
bool option_in_scope(const struct option *option, enum option_scope scope);
/* True when `flag`, without dashes, names an option of the checking library. */
bool option_is_of_check(const char *flag);
/* Sets an option as if its flag had been given; `value` is taken as it is. */
void option_settings_store(struct option_settings *settings, const char *name, const char *value);
/* The first flag that was given of an option of `scope` itself, or NULL. */
const struct option *option_settings_first(const struct option_settings *settings, enum option_scope scope);
/* What a flag set, or NULL. */
const char *option_settings_value(const struct option_settings *settings, const char *name);

/* "limit" with underscores as dashes. */
void option_flag_name(const struct option *option, char *buffer, size_t bytes);
/* "SIZE", "NUMBER", "TIME", "off|text|json", "FILE", "on|off|NUMBER", or NULL for a flag. */
const char *option_argument(const struct option *option);
/* The value must not be left out ("--limit 512M"), so it may be the next argument. */
bool option_needs_value(const struct option *option);
/* "0ms to 3600s; default 500ms", "default off; the name alone means text". */
void option_range_text(const struct option *option, char *buffer, size_t bytes);

#endif
