#include "tool/cli/process_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/proc/process.h"

bool process_id_read(const char *text, pid_t *pid) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || number <= 0 || number != (pid_t)number) {
    message_error("%s: not a process id; pgrep NAME or ps finds them", text);
    return false;
  }
  *pid = (pid_t)number;
  return true;
}

int process_error_not_permitted(pid_t pid, const char *command) {
  struct process_status status;
  int scope = 0;
  FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
  if (file != NULL) {
    if (fscanf(file, "%d", &scope) != 1)
      scope = 0;
    fclose(file);
  }
  bool other_user = process_read_status(pid, &status) == 0 && status.user != getuid();
  if (other_user)
    message_error("process %ld belongs to user %u: the kernel lets only that user and root read it. Run freehold %s "
                  "as that user, or with sudo",
                  (long)pid, (unsigned)status.user, command);
  else if (scope != 0)
    message_error("the kernel does not let process %ld be read: kernel.yama.ptrace_scope is %d. Run freehold %s with "
                  "sudo, or set it to 0 (sysctl kernel.yama.ptrace_scope=0)",
                  (long)pid, scope, command);
  else
    message_error(
        "the kernel does not let process %ld be read: it has more privileges than you, or a sandbox is in the "
        "way. Run freehold %s with sudo",
        (long)pid, command);
  return EXIT_CODE_NOT_PERMITTED;
}

int process_error_gone(pid_t pid) {
  message_error("process %ld: there is none, or it has ended; pgrep NAME or ps finds those that run", (long)pid);
  return EXIT_CODE_NO_PROCESS;
}
