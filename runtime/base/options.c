#include "base/options.h"
#include "base/print.h"

#include <string.h>

struct options options = {
#define OPTION_SIZE(name, initial, min, max, help)    .name = (initial),
#define OPTION_COUNT(name, initial, min, max, help)   .name = (initial),
#define OPTION_TIME(name, initial, min, max, help)    .name = (initial),
#define OPTION_FLAG(name, initial, help)              .name = (initial),
#define OPTION_ENUM(name, initial, words, bare, help) .name = (initial),
#define OPTION_PATH(name, help)                       .name = "",
#define OPTION_TEXT(name, argument, help)             .name = "",
#define OPTION_RATE(name, min, max, bare, help)       .name = 0,
#include "record/options.def"
#include "record/check_options.def"
#include "record/collect_options.def"
#undef OPTION_SIZE
#undef OPTION_COUNT
#undef OPTION_TIME
#undef OPTION_FLAG
#undef OPTION_ENUM
#undef OPTION_PATH
#undef OPTION_TEXT
#undef OPTION_RATE
};

/* A piece of the environment's text; not NUL-terminated. */
struct piece {
  const char *at;
  size_t length;
};

static bool piece_is(struct piece piece, const char *word) {
  return strlen(word) == piece.length && memcmp(piece.at, word, piece.length) == 0;
}

/* A dash may stand for an underscore, as it does on the command line. */
static bool name_is(struct piece piece, const char *name) {
  if (strlen(name) != piece.length)
    return false;
  for (size_t i = 0; i < piece.length; i++)
    if (piece.at[i] != name[i] && !(piece.at[i] == '-' && name[i] == '_'))
      return false;
  return true;
}

/* Digits, then one of the suffixes; false when there is anything else or the value overflows. */
static bool parse_number(struct piece text, const char *const *suffixes, const uint64_t *factors, size_t suffix_count,
                         uint64_t *out) {
  uint64_t value = 0;
  size_t at = 0;
  for (; at < text.length && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, (uint64_t)(text.at[at] - '0'), &value))
      return false;
  }
  if (at == 0)
    return false;
  struct piece suffix = {text.at + at, text.length - at};
  if (suffix.length == 0) {
    *out = value;
    return true;
  }
  for (size_t i = 0; i < suffix_count; i++)
    if (piece_is(suffix, suffixes[i]))
      return !__builtin_mul_overflow(value, factors[i], out);
  return false;
}

static bool parse_size(struct piece text, uint64_t *out) {
  static const char *const suffixes[] = {"K", "k", "KiB", "M", "m", "MiB", "G", "g", "GiB", "T", "t", "TiB"};
  static const uint64_t factors[] = {1ull << 10, 1ull << 10, 1ull << 10, 1ull << 20, 1ull << 20, 1ull << 20,
                                     1ull << 30, 1ull << 30, 1ull << 30, 1ull << 40, 1ull << 40, 1ull << 40};
  return parse_number(text, suffixes, factors, ARRAY_LENGTH(suffixes), out);
}

static bool parse_time(struct piece text, uint64_t *out) {
  static const char *const suffixes[] = {"ms", "s"};
  static const uint64_t factors[] = {1, 1000};
  return parse_number(text, suffixes, factors, ARRAY_LENGTH(suffixes), out);
}

static bool parse_flag(struct piece text, bool *out) {
  static const char *const on[] = {"", "on", "yes", "1", "true"};
  static const char *const off[] = {"off", "no", "0", "false"};
  for (size_t i = 0; i < ARRAY_LENGTH(on); i++)
    if (piece_is(text, on[i]))
      return *out = true, true;
  for (size_t i = 0; i < ARRAY_LENGTH(off); i++)
    if (piece_is(text, off[i]))
      return *out = false, true;
  return false;
}

/* Off is 0, and 0 is off; 1 is a number. */
static bool parse_rate(struct piece text, uint64_t bare, uint64_t *out) {
  static const char *const on[] = {"", "on", "yes", "true"};
  static const char *const off[] = {"off", "no", "false"};
  for (size_t i = 0; i < ARRAY_LENGTH(on); i++)
    if (piece_is(text, on[i]))
      return *out = bare, true;
  for (size_t i = 0; i < ARRAY_LENGTH(off); i++)
    if (piece_is(text, off[i]))
      return *out = 0, true;
  return parse_number(text, NULL, NULL, 0, out);
}

static bool parse_enum(struct piece text, const char *words, unsigned bare, unsigned *out) {
  if (text.length == 0)
    return *out = bare, true;
  unsigned number = 0;
  for (const char *word = words;; number++) {
    size_t length = strcspn(word, "|");
    if (length == text.length && memcmp(word, text.at, length) == 0)
      return *out = number, true;
    if (word[length] == '\0')
      return false;
    word += length + 1;
  }
}

static COLD void complain(struct piece setting, const char *why, const char *detail) {
  char shown[80];
  size_t length = setting.length < sizeof shown - 1 ? setting.length : sizeof shown - 1;
  memcpy(shown, setting.at, length);
  shown[length] = '\0';
  warn("FREEHOLD: ", shown, ": ", why, detail, "; the setting is left out", NULL);
}

static bool number_in_range(struct piece setting, uint64_t value, uint64_t min, uint64_t max) {
  if (value >= min && value <= max)
    return true;
  struct text range;
  text_clear(&range);
  text_add_decimal(&range, min);
  text_add(&range, " to ");
  text_add_decimal(&range, max);
  text_add_bytes(&range, "", 1);
  complain(setting, "out of range, it takes ", range.bytes);
  return false;
}

static void apply(struct piece setting) {
  const char *equals = memchr(setting.at, '=', setting.length);
  struct piece name = {setting.at, equals != NULL ? (size_t)(equals - setting.at) : setting.length};
  struct piece value = {setting.at + setting.length, 0};
  if (equals != NULL)
    value = (struct piece){equals + 1, setting.length - name.length - 1};
  uint64_t number;

#define OPTION_SIZE(option, initial, min, max, help)                                                                 \
  if (name_is(name, #option)) {                                                                                      \
    if (!parse_size(value, &number))                                                                                 \
      complain(setting, "not a size, write it like ", "512M");                                                       \
    else if (number_in_range(setting, number, min, max))                                                             \
      options.option = (size_t)number;                                                                               \
    return;                                                                                                          \
  }
#define OPTION_COUNT(option, initial, min, max, help)                                                                \
  if (name_is(name, #option)) {                                                                                      \
    if (!parse_number(value, NULL, NULL, 0, &number))                                                                \
      complain(setting, "not a number", "");                                                                         \
    else if (number_in_range(setting, number, min, max))                                                             \
      options.option = number;                                                                                       \
    return;                                                                                                          \
  }
#define OPTION_TIME(option, initial, min, max, help)                                                                 \
  if (name_is(name, #option)) {                                                                                      \
    if (!parse_time(value, &number))                                                                                 \
      complain(setting, "not a time, write it like ", "500ms");                                                      \
    else if (number_in_range(setting, number, min, max))                                                             \
      options.option = number;                                                                                       \
    return;                                                                                                          \
  }
#define OPTION_FLAG(option, initial, help)                                                                           \
  if (name_is(name, #option)) {                                                                                      \
    if (!parse_flag(value, &options.option))                                                                         \
      complain(setting, "takes ", "on or off");                                                                      \
    return;                                                                                                          \
  }
#define OPTION_ENUM(option, initial, words, bare, help)                                                              \
  if (name_is(name, #option)) {                                                                                      \
    if (!parse_enum(value, words, bare, &options.option))                                                            \
      complain(setting, "takes one of ", words);                                                                     \
    return;                                                                                                          \
  }
#define OPTION_PATH(option, help)                                                                                    \
  if (name_is(name, #option)) {                                                                                      \
    if (value.length == 0 || value.length >= sizeof options.option)                                                  \
      complain(setting, "takes a path of 1 to 255 bytes", "");                                                       \
    else {                                                                                                           \
      memcpy(options.option, value.at, value.length);                                                                \
      options.option[value.length] = '\0';                                                                           \
    }                                                                                                                \
    return;                                                                                                          \
  }
#define OPTION_TEXT(option, argument, help) OPTION_PATH(option, help)
#define OPTION_RATE(option, min, max, bare, help)                                                                    \
  if (name_is(name, #option)) {                                                                                      \
    if (!parse_rate(value, bare, &number))                                                                           \
      complain(setting, "takes on, off, or a number: ", "one in so many");                                           \
    else if (number == 0 || number_in_range(setting, number, min, max))                                              \
      options.option = number;                                                                                       \
    return;                                                                                                          \
  }
#include "record/options.def"
#include "record/check_options.def"
#include "record/collect_options.def"
#undef OPTION_SIZE
#undef OPTION_COUNT
#undef OPTION_TIME
#undef OPTION_FLAG
#undef OPTION_ENUM
#undef OPTION_PATH
#undef OPTION_TEXT
#undef OPTION_RATE
  complain(setting, "no such option, see ", "freehold(7)");
}

void options_read(const char *value) {
  if (value == NULL)
    return;
  for (;;) {
    struct piece setting = {value, strcspn(value, ",")};
    if (setting.length > 0)
      apply(setting);
    if (value[setting.length] == '\0')
      break;
    value += setting.length + 1;
  }
  if (options.stats_file[0] != '\0' && options.stats == STATS_OFF)
    options.stats = STATS_TEXT; /* whoever names a file wants something in it */
}
