/* doctor_report.h: the findings of `freehold doctor`, for people and as JSON (share/schemas/doctor-1.schema.json). */
#ifndef FREEHOLD_REPORT_DOCTOR_REPORT_H
#define FREEHOLD_REPORT_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The strings belong to the caller. */
struct doctor_row {
  const char *name, *title, *since, *used_for, *instead;
  const char *value; /* "" when there is none */
  bool required, offered;
};

struct doctor_report {
  const struct doctor_row *rows;
  size_t row_count;
  const char *kernel_release, *machine;
  bool usable;
};

struct doctor_style {
  const char *bold, *yes, *no, *plain; /* escape sequences, or "" */
};

void doctor_report_write_text(const struct doctor_report *report, struct doctor_style style, FILE *to);
/* 0, or -1 when there is no memory. */
int doctor_report_write_json(const struct doctor_report *report, FILE *to);

#endif
