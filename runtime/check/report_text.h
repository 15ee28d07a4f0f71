/* report_text.h: a report as plain text on standard error, for programs that run without the command. */
#ifndef FREEHOLD_CHECK_REPORT_TEXT_H
#define FREEHOLD_CHECK_REPORT_TEXT_H

#include "record/report.h"

/* Addresses are given as module+offset, as addr2line -e MODULE OFFSET takes them. Async-signal-safe. */
void report_text_print(const struct fh_report *report);

#endif
