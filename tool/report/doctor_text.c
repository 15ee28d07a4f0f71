#include "tool/report/doctor_report.h"

#include <string.h>

enum { TITLE_COLUMNS = 23, OFFERED_COLUMNS = 9, SINCE_COLUMNS = 7, VALUE_COLUMNS = 26 };

void doctor_report_write_text(const struct doctor_report *report, struct doctor_style style, FILE *to) {
  fprintf(to, "Linux %s on %s\n\n", report->kernel_release, report->machine);
  fprintf(to, "%s%-*s%-*s%-*s%-*s%s%s\n", style.bold, TITLE_COLUMNS, "feature", OFFERED_COLUMNS, "offered",
          SINCE_COLUMNS, "since", VALUE_COLUMNS, "value", "used for", style.plain);
  for (size_t i = 0; i < report->row_count; i++) {
    const struct doctor_row *row = &report->rows[i];
    fprintf(to, "%-*s%s%-*s%s%-*s%-*s", TITLE_COLUMNS, row->title, row->offered ? style.yes : style.no,
            OFFERED_COLUMNS, row->offered ? "yes" : "no", style.plain, SINCE_COLUMNS,
            row->since != NULL ? row->since : "", VALUE_COLUMNS, row->value);
    if (strlen(row->value) >= VALUE_COLUMNS) /* too long for its column */
      fprintf(to, "\n%*s", TITLE_COLUMNS + OFFERED_COLUMNS + SINCE_COLUMNS + VALUE_COLUMNS, "");
    fprintf(to, "%s\n", row->used_for);
    if (!row->offered)
      fprintf(to, "%*s%s: %s\n", TITLE_COLUMNS, "", row->required ? "needed" : "instead", row->instead);
  }
  fprintf(to, "\n%s%s%s\n", report->usable ? style.yes : style.no,
          report->usable ? "The heap can work here." : "The heap can't work here: see the rows marked needed.",
          style.plain);
}
