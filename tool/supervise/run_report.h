/* run_report.h: what became of a run, as JSON (share/schemas/run-1.schema.json). */
#ifndef FREEHOLD_SUPERVISE_RUN_REPORT_H
#define FREEHOLD_SUPERVISE_RUN_REPORT_H

#include "tool/supervise/supervisor.h"

/* Writes it to the file that the request names. 0 or an errno. */
int run_report_write(const struct supervise_request *request, const struct supervise_outcome *outcome);

#endif
