/*
 * report.h: an error becomes a record for the command, or text on standard error.
 *
 * The report path allocates nothing and takes no lock that the program could hold; it works in a signal handler, with a
 * smashed heap, and keeps errno. A report is given once per kind and place, and at most REPORTS_MOST in a process.
 */
#ifndef FREEHOLD_CHECK_REPORT_H
#define FREEHOLD_CHECK_REPORT_H

#include "guard/guard.h"
#include "record/report.h"
#include "tell/record_file.h"

enum { REPORTS_MOST = 1000 };

/* Begins a report of `kind` at `place`: its stack, thread and process are filled in. */
void report_begin(struct fh_report *report, enum fh_report_kind kind, struct stack_place place);
/* The same where a signal's context gives the place. */
void report_begin_at_fault(struct fh_report *report, enum fh_report_kind kind, const ucontext_t *context);

/* Fills in the object, with the stacks that its record knows, and the owner of the address before it. */
void report_add_object(struct fh_report *report, const struct object_record *record);

/* Gives the report out, unless the same was given before, and then does what the option stop says (check/stop.h).
 * Returns whether it was given out. */
bool report_write(struct fh_report *report);

/* How many were given out, and how many kept back. */
size_t report_count(void);
size_t report_dropped(void);

/* The calling thread's kernel id. */
uint32_t report_thread(void);

/* Opens the file and announces the process. Also in a child of fork. */
void report_start(void);

#endif
