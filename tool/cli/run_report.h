/* run_report.h: `freehold run --gc --gc-report`: the program as a child, and after its end what the collector took back. */
#ifndef FREEHOLD_CLI_RUN_REPORT_H
#define FREEHOLD_CLI_RUN_REPORT_H

#include "tool/cli/options.h"

/* Runs the program at `path` with `library` preloaded (NULL: it has the heap inside), shows the report on standard error,
 * and writes it as JSON to `json_path` where that isn't NULL. The settings change. Returns the exit code: the program's own,
 * 128 and the signal that ended it, or one that says what went wrong. */
int run_with_report(struct option_settings *settings, const char *path, char **program, const char *library,
                    const char *json_path);

#endif
