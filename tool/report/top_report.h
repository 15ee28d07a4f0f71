/* top_report.h: watched programs as rows for people and as JSON (share/schemas/top-1.schema.json), from one table. */
#ifndef FREEHOLD_REPORT_TOP_REPORT_H
#define FREEHOLD_REPORT_TOP_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "tool/proc/memory_watch.h"
#include "tool/report/memory.h"

enum top_column {
#define TOP_COLUMN(symbol, name, json, heading, width, rank, unit, known, value, meaning) TOP_##symbol,
#include "tool/report/top_columns.def"
#undef TOP_COLUMN
  TOP_COLUMN_COUNT
};

enum top_unit { TOP_IN_NUMBERS, TOP_IN_LETTERS, TOP_IN_BYTES, TOP_IN_BYTES_SIGNED, TOP_IN_RATE };

struct top_column_facts {
  const char *name, *json_name, *heading, *meaning;
  unsigned width, rank;
  enum top_unit unit;
};
extern const struct top_column_facts top_columns[TOP_COLUMN_COUNT];

/* TOP_COLUMN_COUNT when no column has the name. */
enum top_column top_column_find(const char *name);

/* Which programs, in which order. */
struct top_view {
  enum top_column sort;
  bool reversed;      /* else the largest first (process ids: the smallest) */
  const char *filter; /* those whose command line or process id has it, in any case; "" or NULL: all */
};

/* The programs that the view shows, in order, in an array of watch->count; returns how many. Those of which the value is not
 * known stand behind the others. */
size_t top_select(const struct memory_watch *watch, const struct top_view *view, const struct watched_program **rows);

/* Which columns fit into so many terminal columns beside a command line; 0: all. */
struct top_layout {
  bool shown[TOP_COLUMN_COUNT];
  unsigned command_width; /* what is left for it; 0: no bound */
};
struct top_layout top_layout_for(unsigned width);

/* A line without its end. The command line is as a terminal can show it, and cut to what fits. */
void top_write_heading(struct text *to, const struct top_layout *layout, const struct top_view *view);
void top_write_row(struct text *to, const struct top_layout *layout, const struct watched_program *program);
/* "3 programs, 2 on Freehold: live 1.5M, held back 300K, RSS 12M". */
void top_write_sums(struct text *to, const struct watched_program *const *rows, size_t count);

/* A look as a document; the caller owns it. */
json_t *top_document(const struct memory_watch *watch, const struct watched_program *const *rows, size_t count);

#endif
