/* process_error.h: why another process can't be looked into, said the same way by all commands. */
#ifndef FREEHOLD_CLI_PROCESS_ERROR_H
#define FREEHOLD_CLI_PROCESS_ERROR_H

#include <stdbool.h>
#include <sys/types.h>

/* "1234" as a process id; false, with what is wrong said, for all else. */
bool process_id_read(const char *text, pid_t *pid);

/* Says that the process is gone, or why the kernel does not let `command` read it. Returns the exit code. */
int process_error_gone(pid_t pid);
int process_error_not_permitted(pid_t pid, const char *command);

#endif
