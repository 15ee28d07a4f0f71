#include "tool/report/doctor_report.h"

#include <string.h>

/* Where each column begins. */
enum { OFFERED_COLUMN = 23, SINCE_COLUMN = 32, VALUE_COLUMN = 39, USE_COLUMN = 56, LINE_COLUMNS = 112 };

/* Text from USE_COLUMN on, broken between words; the cursor stands in `column`. */
static void write_wrapped(FILE *to, int column, const char *label, const char *text) {
  if (column >= USE_COLUMN) {
    fputc('\n', to);
    column = 0;
  }
  fprintf(to, "%*s%s", USE_COLUMN - column, "", label);
  column = USE_COLUMN + (int)strlen(label);
  while (*text != '\0') {
    int length = (int)strcspn(text, " ");
    if (column > USE_COLUMN && column + 1 + length > LINE_COLUMNS) {
      fprintf(to, "\n%*s", USE_COLUMN, "");
      column = USE_COLUMN;
    } else if (column > USE_COLUMN) {
      column += fprintf(to, " ");
    }
    column += fprintf(to, "%.*s", length, text);
    text += length;
    text += strspn(text, " ");
  }
  fputc('\n', to);
}

static void write_row(const struct doctor_row *row, struct doctor_style style, FILE *to) {
  fprintf(to, "%-*s%s%-*s%s%-*s", OFFERED_COLUMN, row->title, row->offered ? style.yes : style.no,
          SINCE_COLUMN - OFFERED_COLUMN, row->offered ? "yes" : "no", style.plain, VALUE_COLUMN - SINCE_COLUMN,
          row->since != NULL ? row->since : "");
  write_wrapped(to, VALUE_COLUMN + fprintf(to, "%s", row->value), "", row->used_for);
  if (!row->offered)
    write_wrapped(to, 0, row->required ? "needed:" : "instead:", row->instead);
}

void doctor_report_write_text(const struct doctor_report *report, struct doctor_style style, FILE *to) {
  fprintf(to, "Linux %s on %s\n\n", report->kernel_release, report->machine);
  fprintf(to, "%s%-*s%-*s%-*s%-*s%s%s\n", style.bold, OFFERED_COLUMN, "feature", SINCE_COLUMN - OFFERED_COLUMN,
          "offered", VALUE_COLUMN - SINCE_COLUMN, "since", USE_COLUMN - VALUE_COLUMN, "value", "used for",
          style.plain);
  for (size_t i = 0; i < report->row_count; i++)
    write_row(&report->rows[i], style, to);
  fprintf(to, "\n%s%s%s\n", report->usable ? style.yes : style.no,
          report->usable ? "The heap can work here." : "The heap can't work here: see the rows marked needed.",
          style.plain);
}
