/* report_text.h: a report as plain text, for programs that run without the command. */
#ifndef FREEHOLD_TRACE_REPORT_TEXT_H
#define FREEHOLD_TRACE_REPORT_TEXT_H

#include "base/bits.h"
#include "record/report.h"

/* Writes to a file descriptor; false when not all of it could be written. Addresses are given as module+offset, as
 * addr2line -e MODULE OFFSET takes them. Async-signal-safe. */
bool report_text_print(const struct fh_report *report, int fd);

#endif
