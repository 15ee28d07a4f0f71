/* option_value.c: sizes, times, words and paths, with the grammar of the library's parser (runtime/base/options.c). */
#include "tool/cli/option_value.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/message.h"

struct suffix {
  const char *text;
  uint64_t factor;
};

static const struct suffix size_suffixes[] = {
    {"", 1},           {"K", 1ull << 10},   {"k", 1ull << 10},   {"KiB", 1ull << 10}, {"M", 1ull << 20},
    {"m", 1ull << 20}, {"MiB", 1ull << 20}, {"G", 1ull << 30},   {"g", 1ull << 30},   {"GiB", 1ull << 30},
    {"T", 1ull << 40}, {"t", 1ull << 40},   {"TiB", 1ull << 40}, {NULL, 0},
};
static const struct suffix count_suffixes[] = {{"", 1}, {NULL, 0}};
static const struct suffix time_suffixes[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {NULL, 0}};

static bool parse_number(const char *text, const struct suffix *suffix, uint64_t *out) {
  uint64_t value = 0;
  const char *at = text;
  for (; *at >= '0' && *at <= '9'; at++)
    if (__builtin_mul_overflow(value, 10u, &value) || __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
      return false;
  if (at == text)
    return false;
  for (; suffix->text != NULL; suffix++)
    if (strcmp(at, suffix->text) == 0)
      return !__builtin_mul_overflow(value, suffix->factor, out);
  return false;
}

/* The word number `number` of "a|b|c"; its length in *length. */
static const char *word_at(const char *words, uint64_t number, size_t *length) {
  for (; number > 0; number--)
    words += strcspn(words, "|") + 1;
  *length = strcspn(words, "|");
  return words;
}

static bool word_is_among(const char *words, const char *text) {
  for (;;) {
    size_t length = strcspn(words, "|");
    if (strlen(text) == length && memcmp(words, text, length) == 0)
      return true;
    if (words[length] == '\0')
      return false;
    words += length + 1;
  }
}

void option_value_format(const struct option *option, uint64_t value, char *buffer, size_t bytes) {
  size_t length;
  const char *word;
  switch (option->kind) {
  case OPTION_KIND_SIZE: {
    static const char letters[] = "KMGT";
    unsigned power = 0;
    while (power < sizeof letters - 1 && value != 0 && value % 1024 == 0) {
      value /= 1024;
      power++;
    }
    snprintf(buffer, bytes, "%llu%.*s", (unsigned long long)value, power > 0, power > 0 ? &letters[power - 1] : "");
    break;
  }
  case OPTION_KIND_TIME:
    if (value != 0 && value % 1000 == 0)
      snprintf(buffer, bytes, "%llus", (unsigned long long)(value / 1000));
    else
      snprintf(buffer, bytes, "%llums", (unsigned long long)value);
    break;
  case OPTION_KIND_FLAG:
    snprintf(buffer, bytes, "%s", value != 0 ? "on" : "off");
    break;
  case OPTION_KIND_ENUM:
    word = word_at(option->words, value, &length);
    snprintf(buffer, bytes, "%.*s", (int)length, word);
    break;
  case OPTION_KIND_RATE:
    if (value == 0)
      snprintf(buffer, bytes, "off");
    else
      snprintf(buffer, bytes, "%llu", (unsigned long long)value);
    break;
  case OPTION_KIND_COUNT:
    snprintf(buffer, bytes, "%llu", (unsigned long long)value);
    break;
  case OPTION_KIND_PATH:
  case OPTION_KIND_TEXT:
    snprintf(buffer, bytes, "%s", "");
    break;
  }
}

static char *format_copy(const struct option *option, uint64_t value) {
  char text[OPTION_TEXT_BYTES];
  option_value_format(option, value, text, sizeof text);
  return must_copy(text);
}

/* How numbers of a kind are called and written. */
struct number_form {
  const struct suffix *suffixes;
  const char *name, *example;
};

static struct number_form number_form_of(enum option_kind kind) {
  switch (kind) {
  case OPTION_KIND_SIZE:
    return (struct number_form){size_suffixes, "size", "512M (K, M, G, T)"};
  case OPTION_KIND_TIME:
    return (struct number_form){time_suffixes, "time", "500ms (ms, s)"};
  default:
    return (struct number_form){count_suffixes, "number", "25"};
  }
}

bool option_parse_size(const char *text, uint64_t *bytes) {
  return parse_number(text, size_suffixes, bytes);
}

static char *parse_ranged(const struct option *option, const char *shown, const char *text) {
  struct number_form form = number_form_of(option->kind);
  char min[OPTION_TEXT_BYTES], max[OPTION_TEXT_BYTES];
  option_value_format(option, option->min, min, sizeof min);
  option_value_format(option, option->max, max, sizeof max);
  uint64_t value;
  if (text == NULL || !parse_number(text, form.suffixes, &value)) {
    message_error("%s=%s: not a %s; it takes %s to %s, written like %s", shown, text == NULL ? "" : text, form.name,
                  min, max, form.example);
    return NULL;
  }
  if (value >= option->min && value <= option->max)
    return format_copy(option, value);
  if (value == option->initial) /* e.g. limit=0: the default, but outside of what can be asked for */
    return must_copy("");
  message_error("%s=%s: out of range; it takes %s to %s", shown, text, min, max);
  return NULL;
}

static char *parse_flag(const struct option *option, const char *shown, const char *text) {
  static const char *const words[2] = {"off|no|0|false", "on|yes|1|true"};
  if (text == NULL || text[0] == '\0')
    return format_copy(option, 1);
  for (uint64_t value = 0; value < 2; value++)
    if (word_is_among(words[value], text))
      return format_copy(option, value);
  message_error("%s=%s: it takes on or off", shown, text);
  return NULL;
}

static char *parse_rate(const struct option *option, const char *shown, const char *text) {
  uint64_t value = option->bare;
  bool is_off = text != NULL && (word_is_among("off|no|false", text) || strcmp(text, "0") == 0);
  if (is_off)
    return format_copy(option, 0);
  if (text == NULL || text[0] == '\0' || word_is_among("on|yes|true", text))
    return format_copy(option, value);
  if (parse_number(text, count_suffixes, &value) && value >= option->min && value <= option->max)
    return format_copy(option, value);
  message_error("%s=%s: it takes on, off, or a number from %llu to %llu, for one in so many", shown, text,
                (unsigned long long)option->min, (unsigned long long)option->max);
  return NULL;
}

static char *parse_word(const struct option *option, const char *shown, const char *text) {
  if (text == NULL || text[0] == '\0')
    return format_copy(option, option->bare);
  if (word_is_among(option->words, text))
    return must_copy(text);
  message_error("%s=%s: it takes one of %s", shown, text, option->words);
  return NULL;
}

/* The program may be elsewhere by the time it writes there. */
static char *absolute_path(const char *shown, const char *text) {
  if (text[0] == '/')
    return must_copy(text);
  char here[PATH_MAX];
  if (getcwd(here, sizeof here) == NULL) {
    message_error("%s=%s: the current directory has no name any more; give an absolute path", shown, text);
    return NULL;
  }
  size_t bytes = strlen(here) + 1 + strlen(text) + 1;
  if (bytes > OPTION_PATH_LIMIT + 1 || strchr(here, ',') != NULL) {
    message_error("%s=%s: the path from / is longer than %d bytes or has a comma in it; use another directory", shown,
                  text, OPTION_PATH_LIMIT);
    return NULL;
  }
  char *path = must_allocate(bytes);
  snprintf(path, bytes, "%s/%s", strcmp(here, "/") == 0 ? "" : here, text);
  return path;
}

static char *parse_path(const char *shown, const char *text) {
  if (text == NULL || text[0] == '\0' || strlen(text) > OPTION_PATH_LIMIT) {
    message_error("%s: it takes a path of 1 to %d bytes", shown, OPTION_PATH_LIMIT);
    return NULL;
  }
  if (strchr(text, ',') != NULL) {
    message_error("%s=%s: the path can't have a comma in it, commas end a setting; use another path", shown, text);
    return NULL;
  }
  return absolute_path(shown, text);
}

static char *parse_text(const struct option *option, const char *shown, const char *text) {
  if (text == NULL || text[0] == '\0' || strlen(text) > OPTION_PATH_LIMIT || strchr(text, ',') != NULL) {
    message_error("%s: it takes %s, of 1 to %d bytes and without a comma", shown, option->words, OPTION_PATH_LIMIT);
    return NULL;
  }
  return must_copy(text);
}

char *option_value_parse(const struct option *option, const char *shown, const char *text) {
  switch (option->kind) {
  case OPTION_KIND_SIZE:
  case OPTION_KIND_COUNT:
  case OPTION_KIND_TIME:
    return parse_ranged(option, shown, text);
  case OPTION_KIND_FLAG:
    return parse_flag(option, shown, text);
  case OPTION_KIND_ENUM:
    return parse_word(option, shown, text);
  case OPTION_KIND_RATE:
    return parse_rate(option, shown, text);
  case OPTION_KIND_TEXT:
    return parse_text(option, shown, text);
  case OPTION_KIND_PATH:
    break;
  }
  return parse_path(shown, text);
}
