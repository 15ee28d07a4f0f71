#include "tool/report/accounts_openmetrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* A family's samples have to stand together, below its metadata; a counter's end in _total. */
static void write_family(const char *of, const struct fh_accounts_field *field, FILE *to) {
  fprintf(to, "# TYPE freehold_%s%s %s\n", of, field->name, field->trend == FH_TREND_UP ? "counter" : "gauge");
  if (field->unit == FH_UNIT_BYTES)
    fprintf(to, "# UNIT freehold_%s%s bytes\n", of, field->name);
  if (field->label != NULL)
    fprintf(to, "# HELP freehold_%s%s %s\n", of, field->name, field->label + strspn(field->label, " "));
}

static const char *suffix(const struct fh_accounts_field *field) {
  return field->trend == FH_TREND_UP ? "_total" : "";
}

static void write_totals(const struct fh_accounts *accounts, FILE *to) {
  for (size_t i = 0; i < FH_ACCOUNTS_TOTALS; i++) {
    const struct fh_accounts_field *field = &fh_accounts_totals[i];
    if (strcmp(field->name, "pid") == 0)
      continue; /* the label */
    write_family("", field, to);
    fprintf(to, "freehold_%s%s{pid=\"%" PRIu64 "\"} %" PRIu64 "\n", field->name, suffix(field), accounts->pid,
            fh_accounts_value(field, accounts));
  }
}

static void write_of_class(const struct fh_accounts *accounts, const struct fh_accounts_field *field, FILE *to) {
  write_family("class_", field, to);
  for (uint32_t i = 0; i <= accounts->class_count; i++) {
    bool is_large = i == accounts->class_count;
    const struct fh_class_accounts *row = is_large ? &accounts->large : &accounts->classes[i];
    if (!is_large && !fh_accounts_class_used(row))
      continue;
    fprintf(to, "freehold_class_%s%s{pid=\"%" PRIu64 "\",size_class=\"", field->name, suffix(field), accounts->pid);
    if (is_large)
      fputs("large", to);
    else
      fprintf(to, "%" PRIu64, row->object_bytes);
    fprintf(to, "\"} %" PRIu64 "\n", fh_accounts_value(field, row));
  }
}

void accounts_openmetrics_write(const struct fh_accounts *accounts, FILE *to) {
  write_totals(accounts, to);
  for (size_t i = 0; i < FH_ACCOUNTS_COLUMNS; i++)
    if (strcmp(fh_accounts_columns[i].name, "object_bytes") != 0) /* the class itself */
      write_of_class(accounts, &fh_accounts_columns[i], to);
  fputs("# EOF\n", to);
}
