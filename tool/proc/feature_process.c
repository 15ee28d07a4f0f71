/* feature_process.c: calls between processes and threads. */
#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/proc/feature.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
enum { LANDLOCK_ASK_VERSION = 1 };

static bool explain(char *value, bool offered, int error) {
  if (!offered && error != 0)
    snprintf(value, FEATURE_VALUE_BYTES, "%s", strerror(error));
  return offered;
}

bool probe_landlock(char *value) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ASK_VERSION);
  if (version <= 0)
    return explain(value, false, errno);
  /* Scoping signals and abstract sockets came with version 6 (Linux 6.12). */
  snprintf(value, FEATURE_VALUE_BYTES, "ABI version %ld", version);
  return true;
}

bool probe_membarrier(char *value) {
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  if (commands < 0)
    return explain(value, false, errno);
  bool offered = (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
                 syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
                 syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
  return explain(value, offered, errno);
}

bool probe_read_process(char *value) {
  static volatile int told = 1; /* the child has its own copy, which only it changes */
  int ready[2];
  if (pipe(ready) != 0)
    return explain(value, false, errno);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    told = 42;
    ssize_t ignored = write(ready[1], "", 1);
    (void)ignored;
    for (;;)
      pause();
  }
  bool offered = false;
  int error = errno;
  close(ready[1]);
  char byte;
  if (child > 0 && read(ready[0], &byte, 1) == 1) {
    int seen = 0;
    struct iovec local = {&seen, sizeof seen}, remote = {(void *)&told, sizeof told};
    ssize_t count = process_vm_readv(child, &local, 1, &remote, 1, 0);
    error = count < 0 ? errno : 0;
    offered = count == (ssize_t)sizeof seen && seen == 42;
  }
  close(ready[0]);
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
  return explain(value, offered, error);
}
