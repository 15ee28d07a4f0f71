/* check_report.h: the findings of `freehold check` and `freehold leaks` for people, as JSON and as SARIF. */
#ifndef FREEHOLD_REPORT_CHECK_REPORT_H
#define FREEHOLD_REPORT_CHECK_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "tool/report/findings.h"

/* How one run of the program ended. */
struct check_run {
  int code;   /* its exit code; 128 + the signal when one ended it */
  int signal; /* 0: none did */
  bool timed_out;
  unsigned failed_site; /* the allocation site that failed on order; 0: none */
  uint64_t errors;      /* reported in this run */
};

struct check_outcome {
  char **program; /* NULL-ended; NULL when nothing was run */
  const struct check_run *runs;
  size_t run_count;
  int exit_code; /* of the command */
  bool leak_bound_passed, peak_bound_passed;
  uint64_t lost_bytes;    /* that count for the bound */
  uint64_t damaged_bytes; /* of the records, that made no sense */
  uint64_t foreign_records;
  /* The checked processes that go on, the command line of one, and the file that their records go to; NULL: none, what
   * they report they print. */
  const uint32_t *left;
  size_t left_count;
  const char *left_command, *left_records;
};

struct check_style {
  const char *bold, *error, *note, *plain; /* escape sequences, or "" */
};

/* A dozen lines: what happened, to which object, what to do. */
void check_text_finding(const struct finding *finding, struct check_style style, FILE *to);
void check_text_chain(const struct finding_chain *chain, struct check_style style, FILE *to);
/* At most 15 lines at the end of a run. */
void check_text_summary(const struct findings *findings, const struct check_outcome *outcome,
                        struct check_style style, FILE *to);

/* What the collector took back: the findings, those of most bytes first, and two lines that sum them up. */
void check_text_taken_back(const struct findings *findings, const struct check_outcome *outcome,
                           struct check_style style, FILE *to);

/* share/schemas/check-1.schema.json. 0, or -1 when it could not be written. */
int check_json_write(const struct findings *findings, const struct check_outcome *outcome, FILE *to);
/* SARIF 2.1.0 (OASIS). 0, or -1 when it could not be written. */
int check_sarif_write(const struct findings *findings, const struct check_outcome *outcome, FILE *to);

#endif
