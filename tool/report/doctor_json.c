#include <jansson.h>

#include "freehold.h"
#include "tool/report/doctor_report.h"

/* Text from outside may not be UTF-8, which JSON must be; such a value is left out rather than the report. */
static json_t *text_or_null(const char *text) {
  json_t *string = text != NULL && text[0] != '\0' ? json_string(text) : NULL;
  return string != NULL ? string : json_null();
}

static json_t *row_to_json(const struct doctor_row *row) {
  return json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:s, s:s}", "name", row->name, "title", row->title, "required",
                   (int)row->required, "offered", (int)row->offered, "value", text_or_null(row->value),
                   "since_kernel", text_or_null(row->since), "used_for", row->used_for, "instead", row->instead);
}

int doctor_report_write_json(const struct doctor_report *report, FILE *to) {
  json_t *rows = json_array();
  for (size_t i = 0; i < report->row_count; i++)
    json_array_append_new(rows, row_to_json(&report->rows[i]));
  json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "schema", "doctor-1", "version", FH_VERSION_STRING,
                           "kernel_release", report->kernel_release, "machine", report->machine, "usable",
                           (int)report->usable, "features", rows);
  int result = root == NULL ? -1 : json_dumpf(root, to, JSON_INDENT(2));
  json_decref(root);
  fputc('\n', to);
  return result;
}
