/* options.c: the option table, and how a flag becomes a setting of FREEHOLD=. */
#include "tool/cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/cli/message.h"
#include "tool/cli/option_value.h"

/* clang-format off */
#define OPTION_SIZE(name, initial, min, max, help)    {#name, OPTION_KIND_SIZE, initial, min, max, NULL, 0, help, SCOPE},
#define OPTION_COUNT(name, initial, min, max, help)   {#name, OPTION_KIND_COUNT, initial, min, max, NULL, 0, help, SCOPE},
#define OPTION_TIME(name, initial, min, max, help)    {#name, OPTION_KIND_TIME, initial, min, max, NULL, 0, help, SCOPE},
#define OPTION_FLAG(name, initial, help)              {#name, OPTION_KIND_FLAG, initial, 0, 1, NULL, 0, help, SCOPE},
#define OPTION_ENUM(name, initial, words, bare, help) {#name, OPTION_KIND_ENUM, initial, 0, 0, words, bare, help, SCOPE},
#define OPTION_PATH(name, help)                       {#name, OPTION_KIND_PATH, 0, 0, 0, NULL, 0, help, SCOPE},
#define OPTION_TEXT(name, argument, help)             {#name, OPTION_KIND_TEXT, 0, 0, 0, argument, 0, help, SCOPE},
#define OPTION_RATE(name, min, max, bare, help)       {#name, OPTION_KIND_RATE, 0, min, max, NULL, bare, help, SCOPE},
const struct option options[] = {
#define SCOPE OPTION_SCOPE_HEAP
#include "record/options.def"
#undef SCOPE
#define SCOPE OPTION_SCOPE_CHECK
#include "record/check_options.def"
#undef SCOPE
#define SCOPE OPTION_SCOPE_COLLECT
#include "record/collect_options.def"
#undef SCOPE
};
/* clang-format on */
const size_t option_count = sizeof options / sizeof options[0];

struct option_settings option_settings_create(enum option_scope scope) {
  return (struct option_settings){must_allocate(option_count * sizeof(char *)), scope, NULL};
}

bool option_in_scope(const struct option *option, enum option_scope scope) {
  return scope != OPTION_SCOPE_NONE &&
         (option->scope == OPTION_SCOPE_HEAP || option->scope == scope || scope == OPTION_SCOPE_ALL);
}

void option_settings_destroy(struct option_settings *settings) {
  for (size_t i = 0; i < option_count; i++)
    free(settings->values[i]);
  free(settings->values);
  settings->values = NULL;
}

/* A dash on the command line is an underscore in the table; both are taken. */
static bool name_matches(const char *name, const char *text, size_t length) {
  if (strlen(name) != length)
    return false;
  for (size_t i = 0; i < length; i++)
    if (name[i] != (text[i] == '-' ? '_' : text[i]))
      return false;
  return true;
}

static const struct option *find_option(enum option_scope scope, const char *text, size_t length) {
  for (size_t i = 0; i < option_count; i++)
    if (option_in_scope(&options[i], scope) && name_matches(options[i].name, text, length))
      return &options[i];
  return NULL;
}

const struct option *option_settings_first(const struct option_settings *settings, enum option_scope scope) {
  for (size_t i = 0; i < option_count; i++)
    if (settings->values[i] != NULL && options[i].scope == scope)
      return &options[i];
  return NULL;
}

bool option_is_of_check(const char *flag) {
  size_t length = strcspn(flag, "=");
  const struct option *option = find_option(OPTION_SCOPE_CHECK, flag, length);
  if (option == NULL && strncmp(flag, "no-", 3) == 0)
    option = find_option(OPTION_SCOPE_CHECK, flag + 3, length - 3);
  return option != NULL && option->scope == OPTION_SCOPE_CHECK;
}

void option_flag_name(const struct option *option, char *buffer, size_t bytes) {
  snprintf(buffer, bytes, "%s", option->name);
  for (char *at = buffer; *at != '\0'; at++)
    if (*at == '_')
      *at = '-';
}

bool option_needs_value(const struct option *option) {
  return option->kind != OPTION_KIND_FLAG && option->kind != OPTION_KIND_ENUM && option->kind != OPTION_KIND_RATE;
}

const char *option_argument(const struct option *option) {
  switch (option->kind) {
  case OPTION_KIND_SIZE:
    return "SIZE";
  case OPTION_KIND_COUNT:
    return "NUMBER";
  case OPTION_KIND_TIME:
    return "TIME";
  case OPTION_KIND_ENUM:
  case OPTION_KIND_TEXT:
    return option->words;
  case OPTION_KIND_PATH:
    return "FILE";
  case OPTION_KIND_RATE:
    return "on|off|NUMBER";
  case OPTION_KIND_FLAG:
    break;
  }
  return NULL;
}

static void store(struct option_settings *settings, const struct option *option, const char *value) {
  char **slot = &settings->values[option - options];
  free(*slot);
  *slot = must_copy(value);
}

void option_settings_store(struct option_settings *settings, const char *name, const char *value) {
  store(settings, find_option(OPTION_SCOPE_ALL, name, strlen(name)), value);
}

const char *option_settings_value(const struct option_settings *settings, const char *name) {
  return settings->values[find_option(OPTION_SCOPE_ALL, name, strlen(name)) - options];
}

enum option_result option_settings_read(struct option_settings *settings, const char *argument, const char *next) {
  const char *name = argument + strlen("--");
  size_t length = strcspn(name, "=");
  const char *value = name[length] == '=' ? name + length + 1 : NULL;
  const struct option *option = find_option(settings->scope, name, length);
  bool negated = false;
  settings->last_bare = NULL;
  if (option == NULL && strncmp(name, "no-", 3) == 0) {
    option = find_option(settings->scope, name + 3, length - 3);
    negated = option != NULL;
  }
  if (option == NULL)
    return OPTION_UNKNOWN;

  char shown[OPTION_TEXT_BYTES];
  snprintf(shown, sizeof shown, "--%.*s", (int)length, name);
  if (negated && option->kind != OPTION_KIND_FLAG && option->kind != OPTION_KIND_RATE) {
    message_error("%s: only an option that is on or off has a --no- form; leave --%s out instead", shown, name + 3);
    return OPTION_WRONG;
  }
  if (negated && value != NULL) {
    message_error("%s takes no value; write %s alone", shown, shown);
    return OPTION_WRONG;
  }
  enum option_result result = OPTION_TAKEN;
  if (value == NULL && option_needs_value(option)) {
    if (next == NULL) {
      message_error("%s needs a value: write %s=%s", shown, shown, option_argument(option));
      return OPTION_WRONG;
    }
    value = next;
    result = OPTION_TAKEN_DOUBLE;
  }
  char *canonical = option_value_parse(option, shown, negated ? "off" : value);
  if (canonical == NULL)
    return OPTION_WRONG;
  store(settings, option, canonical);
  free(canonical);
  if (value == NULL && !negated)
    settings->last_bare = option;
  return result;
}

/* Adds "name=value" to a list separated by commas. */
static void append_setting(char **list, const char *name, size_t name_length, const char *value) {
  size_t old_length = *list == NULL ? 0 : strlen(*list);
  size_t bytes = old_length + name_length + strlen(value) + sizeof ",=";
  char *longer = must_allocate(bytes);
  snprintf(longer, bytes, "%s%s%.*s=%s", old_length == 0 ? "" : *list, old_length == 0 ? "" : ",", (int)name_length,
           name, value);
  free(*list);
  *list = longer;
}

char *option_settings_merge(const struct option_settings *settings, const char *environment) {
  char *merged = NULL;
  const char *at = environment == NULL ? "" : environment;
  for (;;) {
    size_t length = strcspn(at, ",");
    if (length > 0) {
      size_t name_length = strcspn(at, "=");
      if (name_length > length)
        name_length = length;
      char shown[OPTION_TEXT_BYTES];
      snprintf(shown, sizeof shown, "environment FREEHOLD: %.*s", (int)name_length, at);
      const struct option *option = find_option(OPTION_SCOPE_ALL, at, name_length);
      if (option == NULL) {
        char near[OPTION_TEXT_BYTES], name[OPTION_TEXT_BYTES];
        snprintf(name, sizeof name, "%.*s", (int)name_length, at);
        const char *closest = option_closest(OPTION_SCOPE_ALL, name, NULL, near, sizeof near);
        message_error("%s: no such option%s%s; see freehold(7)", shown, closest != NULL ? ", did you mean " : "",
                      closest != NULL ? closest : "");
        free(merged);
        return NULL;
      }
      if (settings->values[option - options] == NULL) {
        char *text = length > name_length ? must_copy_bytes(at + name_length + 1, length - name_length - 1) : NULL;
        char *canonical = option_value_parse(option, shown, text);
        free(text);
        if (canonical == NULL) {
          free(merged);
          return NULL;
        }
        if (canonical[0] != '\0')
          append_setting(&merged, option->name, strlen(option->name), canonical);
        free(canonical);
      }
    }
    if (at[length] == '\0')
      break;
    at += length + 1;
  }
  for (size_t i = 0; i < option_count; i++)
    if (settings->values[i] != NULL && settings->values[i][0] != '\0')
      append_setting(&merged, options[i].name, strlen(options[i].name), settings->values[i]);
  return merged != NULL ? merged : must_copy("");
}

enum { NEAR_ENOUGH = 3, NAME_LIMIT = 48 };

/* How many letters must be put in, taken out or changed to make one word of the other (Levenshtein 1965). */
static unsigned edit_distance(const char *from, const char *to) {
  size_t from_length = strlen(from), to_length = strlen(to);
  if (from_length >= NAME_LIMIT || to_length >= NAME_LIMIT)
    return NAME_LIMIT;
  unsigned row[NAME_LIMIT];
  for (unsigned j = 0; j <= to_length; j++)
    row[j] = j;
  for (size_t i = 1; i <= from_length; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= to_length; j++) {
      unsigned best = diagonal + (from[i - 1] != to[j - 1]);
      if (row[j] + 1 < best)
        best = row[j] + 1;
      if (row[j - 1] + 1 < best)
        best = row[j - 1] + 1;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[to_length];
}

const char *option_closest(enum option_scope scope, const char *flag, const char *const *extra, char *buffer,
                           size_t bytes) {
  unsigned best = NEAR_ENOUGH;
  size_t length = strlen(flag);
  if (length / 2 + 1 < best) /* a short word is near to everything */
    best = (unsigned)(length / 2 + 1);
  const char *found = NULL;
  for (size_t i = 0; i < option_count; i++) {
    if (!option_in_scope(&options[i], scope))
      continue;
    char name[OPTION_TEXT_BYTES];
    option_flag_name(&options[i], name, sizeof name);
    unsigned distance = edit_distance(flag, name);
    if (distance <= best) {
      best = distance;
      snprintf(buffer, bytes, "%s", name);
      found = buffer;
    }
  }
  for (; extra != NULL && *extra != NULL; extra++) {
    unsigned distance = edit_distance(flag, *extra);
    if (distance <= best) {
      best = distance;
      snprintf(buffer, bytes, "%s", *extra);
      found = buffer;
    }
  }
  return found;
}

void option_range_text(const struct option *option, char *buffer, size_t bytes) {
  char initial[OPTION_TEXT_BYTES], min[OPTION_TEXT_BYTES], max[OPTION_TEXT_BYTES];
  switch (option->kind) {
  case OPTION_KIND_SIZE:
  case OPTION_KIND_COUNT:
  case OPTION_KIND_TIME:
    option_value_format(option, option->initial, initial, sizeof initial);
    option_value_format(option, option->min, min, sizeof min);
    option_value_format(option, option->max, max, sizeof max);
    if (option->initial < option->min)
      snprintf(buffer, bytes, "%s to %s; default none", min, max);
    else
      snprintf(buffer, bytes, "%s to %s; default %s", min, max, initial);
    break;
  case OPTION_KIND_FLAG:
    option_value_format(option, option->initial, initial, sizeof initial);
    snprintf(buffer, bytes, "default %s", initial);
    break;
  case OPTION_KIND_ENUM:
    option_value_format(option, option->initial, initial, sizeof initial);
    option_value_format(option, option->bare, min, sizeof min);
    snprintf(buffer, bytes, "default %s; the name alone means %s", initial, min);
    break;
  case OPTION_KIND_RATE:
    snprintf(buffer, bytes, "%llu to %llu; default off; the name alone means %u", (unsigned long long)option->min,
             (unsigned long long)option->max, option->bare);
    break;
  case OPTION_KIND_PATH:
  case OPTION_KIND_TEXT:
    snprintf(buffer, bytes, "default none");
    break;
  }
}
