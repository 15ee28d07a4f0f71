/* ask.h: asking a process that runs on the checking or the collecting library, and showing what it answers. */
#ifndef FREEHOLD_CLI_ASK_H
#define FREEHOLD_CLI_ASK_H

#include <stdbool.h>
#include <sys/types.h>

#include "tool/proc/request.h"

struct ask {
  pid_t pid;
  struct fh_request request;
  struct request_asker asker;
  bool json;
  double timeout; /* seconds */
  double growth;  /* seconds between two looks, whose difference is shown; 0: one look */
};

/* Each an exit code after saying what is wrong, or -1. `flag` stands before the address in what is said: "--why=", or "". */
int ask_read_pid(const char *text, pid_t *pid);
int ask_read_address(const char *flag, const char *text, uint64_t *address);

/* Sends the request, shows the answer on standard output, and returns the exit code. */
int ask_process(struct ask *ask);

#endif
