/* launch.h: what `run` and `check` share of starting a program. */
#ifndef FREEHOLD_CLI_LAUNCH_H
#define FREEHOLD_CLI_LAUNCH_H

#include "tool/cli/options.h"

/* Says why program_find gave `error` for `name`; `last_bare` (or NULL) is the flag before it whose value was left out.
 * Returns the exit code. */
int launch_report_not_found(const char *name, int error, const struct option *last_bare);

/* Says why execve of `path` failed. Returns the exit code. */
int launch_report_failure(const char *path, int error);

/* LD_PRELOAD with the library in front of what is there (or NULL), and once. The caller frees it. */
char *launch_preload_text(const char *library, const char *existing);

#endif
