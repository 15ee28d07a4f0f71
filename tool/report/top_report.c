#include "tool/report/top_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freehold.h"
#include "tool/report/json_text.h"

/* What the command line has at least, before a column more is shown. */
enum { COMMAND_LEAST = 12 };

const struct top_column_facts top_columns[TOP_COLUMN_COUNT] = {
#define TOP_COLUMN(symbol, name, json, heading, width, rank, unit, known, value, meaning)                            \
  [TOP_##symbol] = {name, json, heading, meaning, width, rank, unit},
#include "tool/report/top_columns.def"
#undef TOP_COLUMN
};

enum top_column top_column_find(const char *name) {
  size_t i = 0;
  while (i < TOP_COLUMN_COUNT && strcmp(top_columns[i].name, name) != 0)
    i++;
  return (enum top_column)i;
}

static bool value_of(enum top_column column, const struct watched_program *program, double *value) {
  *value = 0;
  switch (column) {
#define TOP_COLUMN(symbol, name, json, heading, width, rank, unit, known, expression, meaning)                       \
  case TOP_##symbol:                                                                                                 \
    *value = (double)(expression);                                                                                   \
    return known;
#include "tool/report/top_columns.def"
#undef TOP_COLUMN
  default:
    return false;
  }
}

/* ---- Which, in which order. ---- */

static int compare(const void *one, const void *other, void *context) {
  const struct watched_program *first = *(const struct watched_program *const *)one,
                               *second = *(const struct watched_program *const *)other;
  const struct top_view *view = context;
  double first_value, second_value;
  bool first_known = value_of(view->sort, first, &first_value),
       second_known = value_of(view->sort, second, &second_value);
  int order = 0;
  if (first_known != second_known)
    return first_known ? -1 : 1;
  if (first_known && first_value != second_value) {
    order = first_value > second_value ? -1 : 1;
    if ((view->sort == TOP_PID) != view->reversed)
      order = -order;
  }
  return order != 0 ? order : (first->pid > second->pid) - (first->pid < second->pid);
}

static bool passes(const struct watched_program *program, const char *filter) {
  char number[24];
  if (filter == NULL || filter[0] == '\0')
    return true;
  snprintf(number, sizeof number, "%ld", (long)program->pid);
  return strcasestr(program->command_line, filter) != NULL || strcasestr(program->process.name, filter) != NULL ||
         strcmp(number, filter) == 0;
}

size_t top_select(const struct memory_watch *watch, const struct top_view *view,
                  const struct watched_program **rows) {
  size_t count = 0;
  for (size_t i = 0; i < watch->count; i++)
    if (passes(watch->programs[i], view->filter))
      rows[count++] = watch->programs[i];
  struct top_view order = *view;
  qsort_r(rows, count, sizeof rows[0], compare, &order);
  return count;
}

/* ---- Text. ---- */

struct top_layout top_layout_for(unsigned width) {
  struct top_layout layout = {.command_width = 0};
  unsigned used = 0;
  for (unsigned rank = 0; rank < 2 * TOP_COLUMN_COUNT; rank++)
    for (size_t i = 0; i < TOP_COLUMN_COUNT; i++) {
      unsigned more = top_columns[i].width + 1;
      if (top_columns[i].rank != rank || (width != 0 && rank != 0 && used + more + COMMAND_LEAST > width))
        continue;
      layout.shown[i] = true;
      used += more;
    }
  if (width != 0)
    layout.command_width = width > used ? width - used : 1;
  return layout;
}

/* At most five characters: "1023", "9.9K", "99.9M", "123G". */
static void format_size(double bytes, char *text, size_t room) {
  static const char units[] = "BKMGTPE";
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 2 < sizeof units) {
    bytes /= 1024;
    unit++;
  }
  bool whole = unit == 0 || bytes >= 99.95;
  snprintf(text, room, whole ? "%.0f%c" : "%.1f%c", bytes, units[unit]);
}

static void format_value(enum top_column column, const struct watched_program *program, char *text, size_t room) {
  double value;
  bool known = value_of(column, program, &value);
  snprintf(text, room, "-");
  if (!known)
    return;
  switch (top_columns[column].unit) {
  case TOP_IN_NUMBERS:
    snprintf(text, room, "%.0f", value);
    break;
  case TOP_IN_LETTERS:
    snprintf(text, room, "%c", (char)value);
    break;
  case TOP_IN_BYTES:
    format_size(value, text, room);
    break;
  case TOP_IN_BYTES_SIGNED:
    text[0] = value < 0 ? '-' : '+';
    format_size(fabs(value), text + 1, room - 1);
    if (value == 0)
      snprintf(text, room, "0");
    break;
  case TOP_IN_RATE:
    snprintf(text, room, value >= 99.95 ? "%.0f" : "%.1f", value);
    if (value >= 99999.5)
      snprintf(text, room, "%.0fK", value / 1000);
    break;
  }
}

void top_write_heading(struct text *to, const struct top_layout *layout, const struct top_view *view) {
  for (size_t i = 0; i < TOP_COLUMN_COUNT; i++) {
    char heading[24];
    if (!layout->shown[i])
      continue;
    /* The mark takes the place of the blank before it. */
    bool sorted = i == view->sort;
    snprintf(heading, sizeof heading, "%s%s", sorted ? (view->reversed ? "^" : "*") : "", top_columns[i].heading);
    text_format(to, "%*s", (int)top_columns[i].width, heading);
    if (!sorted || strlen(heading) <= top_columns[i].width)
      text_add(to, " ");
  }
  text_add(to, "COMMAND");
}

/* Where there is little room, where the program lies says less than what follows. */
static const char *without_folder(const char *command_line) {
  size_t word = strcspn(command_line, " ");
  const char *slash = memrchr(command_line, '/', word);
  return slash != NULL && slash + 1 < command_line + word ? slash + 1 : command_line;
}

void top_write_row(struct text *to, const struct top_layout *layout, const struct watched_program *program) {
  for (size_t i = 0; i < TOP_COLUMN_COUNT; i++) {
    char value[32];
    if (!layout->shown[i])
      continue;
    format_value((enum top_column)i, program, value, sizeof value);
    text_format(to, "%*s ", (int)top_columns[i].width, value);
  }
  struct text clean = {0};
  text_add_clean(&clean, layout->command_width != 0 ? without_folder(program->command_line) : program->command_line);
  char *line = text_take(&clean);
  size_t at = 0, columns = 0;
  while (line[at] != '\0' && (layout->command_width == 0 || columns < layout->command_width)) {
    at++;
    while (((unsigned char)line[at] & 0xc0) == 0x80) /* the rest of a character */
      at++;
    columns++;
  }
  text_add_bytes(to, line, at);
  free(line);
}

struct sums {
  size_t on_freehold;
  uint64_t live, held, resident, proportional;
  bool has_proportional; /* of all */
};

/* Programs that have ended hold nothing any more. */
static struct sums add_up(const struct watched_program *const *rows, size_t count) {
  struct sums sums = {.has_proportional = true};
  for (size_t i = 0; i < count; i++) {
    if (rows[i]->ended)
      continue;
    sums.on_freehold += rows[i]->on_freehold;
    sums.live += rows[i]->live_bytes;
    sums.held += rows[i]->held_back_bytes;
    sums.resident += rows[i]->counters.resident_bytes;
    sums.proportional += rows[i]->proportional_bytes;
    sums.has_proportional &= rows[i]->has_proportional;
  }
  return sums;
}

void top_write_sums(struct text *to, const struct watched_program *const *rows, size_t count) {
  struct sums sums = add_up(rows, count);
  char live[16], held[16], resident[16], proportional[16];
  format_size((double)sums.live, live, sizeof live);
  format_size((double)sums.held, held, sizeof held);
  format_size((double)sums.resident, resident, sizeof resident);
  format_size((double)sums.proportional, proportional, sizeof proportional);
  text_format(to, "%zu program%s, %zu on Freehold: live %s, held back %s, RSS %s", count, count == 1 ? "" : "s",
              sums.on_freehold, live, held, resident);
  if (sums.has_proportional)
    text_format(to, ", PSS %s", proportional);
}

/* ---- JSON. ---- */

static json_t *count_of(uint64_t value) {
  return json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value));
}

static json_t *column_to_json(enum top_column column, const struct watched_program *program) {
  double value;
  if (!value_of(column, program, &value))
    return json_null();
  char state[2] = {(char)value, '\0'};
  switch (top_columns[column].unit) {
  case TOP_IN_LETTERS:
    return json_string(state);
  case TOP_IN_RATE:
    return json_real(value);
  default:
    return json_integer((json_int_t)llround(value));
  }
}

static json_t *program_to_json(const struct watched_program *program) {
  json_t *json = json_object();
  for (size_t i = 0; i < TOP_COLUMN_COUNT; i++)
    json_object_set_new(json, top_columns[i].json_name, column_to_json((enum top_column)i, program));
  json_object_set_new(json, "proportional_age_seconds",
                      program->has_proportional ? json_real(program->proportional_age) : json_null());
  json_object_set_new(json, "parent_pid", count_of((uint64_t)program->process.parent));
  json_object_set_new(json, "user_id", count_of(program->user));
  json_object_set_new(json, "command", json_text(program->process.name));
  json_object_set_new(json, "command_line", json_text(program->command_line));
  json_object_set_new(json, "on_freehold", json_boolean(program->on_freehold));
  json_object_set_new(json, "ended", json_boolean(program->ended));
  json_object_set_new(json, "reserved_bytes", count_of(program->counters.reserved_bytes));
  json_object_set_new(json, "peak_resident_bytes", count_of(program->counters.peak_resident_bytes));
  json_object_set_new(json, "locked_bytes", count_of(program->counters.locked_bytes));
  json_object_set_new(json, "minor_faults", count_of(program->process.minor_faults));
  json_object_set_new(json, "major_faults", count_of(program->process.major_faults));
  json_object_set_new(json, "major_faults_per_second",
                      program->has_rates ? json_real(program->major_faults_per_second) : json_null());
  json_object_set_new(json, "live_growth_bytes_per_minute",
                      program->has_growth && program->has_heap
                          ? json_integer((json_int_t)llround(program->live_growth_per_minute))
                          : json_null());
  json_object_set_new(json, "growth_window_seconds",
                      program->has_growth ? json_real(program->growth_seconds) : json_null());
  return json;
}

json_t *top_document(const struct memory_watch *watch, const struct watched_program *const *rows, size_t count) {
  struct sums sums = add_up(rows, count);
  json_t *programs = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(programs, program_to_json(rows[i]));
  json_t *sum = json_pack("{s:o, s:o, s:o, s:o}", "live_bytes", count_of(sums.live), "held_back_bytes",
                          count_of(sums.held), "resident_bytes", count_of(sums.resident), "proportional_bytes",
                          sums.has_proportional ? count_of(sums.proportional) : json_null());
  json_t *document = json_object();
  json_object_set_new(document, "schema", json_string("top-1"));
  json_object_set_new(document, "version", json_string(FH_VERSION_STRING));
  json_object_set_new(document, "taken_at_seconds", json_real(watch->taken_at));
  json_object_set_new(document, "interval_seconds", watch->seconds > 0 ? json_real(watch->seconds) : json_null());
  json_object_set_new(document, "programs_on_freehold", count_of(sums.on_freehold));
  json_object_set_new(document, "sum", sum);
  json_object_set_new(document, "programs", programs);
  return document;
}
