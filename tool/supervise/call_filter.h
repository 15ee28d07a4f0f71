/*
 * call_filter.h: the system calls that a program of a run is refused, by a seccomp filter.
 *
 * Only what Landlock has no rule for and what reaches another program, the supervisor or the kernel's own memory;
 * the page docs/design/supervise.md says for each why. Refused calls fail with EPERM, as they do for a user who may
 * not.
 */
#ifndef FREEHOLD_SUPERVISE_CALL_FILTER_H
#define FREEHOLD_SUPERVISE_CALL_FILTER_H

#include <stdbool.h>

/* For the calling process and all it starts. `alone`: there is no Landlock, so calls for tracing are refused too,
 * even within one program. `privileged`: it may mount, which could undo what mounts protect. 0 or an errno. */
int call_filter_install(bool alone, bool privileged);

#endif
