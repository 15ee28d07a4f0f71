/* run_several.h: what `freehold run` is told about several programs, and the way from there to the supervisor. */
#ifndef FREEHOLD_CLI_RUN_SEVERAL_H
#define FREEHOLD_CLI_RUN_SEVERAL_H

#include "tool/supervise/supervisor.h"

struct run_several {
  bool is_asked_for; /* by a flag that is about several, or by ::: */
  struct supervise_request request;
  struct job_list list;
  const char *jobs; /* a file with command lines; NULL: none */
};

#define RUN_SEVERAL_DEFAULTS                                                                                         \
  {                                                                                                                  \
    .request = {.isolate = true }                                                                                    \
  }

/* For flags_read. */
int run_several_take_flag(struct run_several *several, const char *flag, const char *next);

/* Takes what stands behind the flags: programs with ::: between them. An exit code after saying what is wrong, or
 * -1. */
int run_several_take_programs(struct run_several *several, int count, char **arguments);

/* Runs them, in this process's environment, with `library` preloaded into those that want it. The exit code. */
int run_several(struct run_several *several, const char *library);

void run_several_destroy(struct run_several *several);

#endif
