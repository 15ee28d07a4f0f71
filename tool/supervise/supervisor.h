/*
 * supervisor.h: runs several programs, each a process of its own with an address space of its own, to the end of
 * them all.
 *
 * One thread, one loop (supervisor.c): it starts what may start, asks who runs next (turns.h), counts memory
 * (budget.h), and takes in what keepers say (keeper.h). It blocks on nothing but the wait for the next of these.
 */
#ifndef FREEHOLD_SUPERVISE_SUPERVISOR_H
#define FREEHOLD_SUPERVISE_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/supervise/isolation.h"
#include "tool/supervise/job.h"
#include "tool/supervise/job_list.h"

struct supervise_request {
  struct job_list *list;
  uint64_t memory;  /* bytes; 0: no budget */
  unsigned cpus;    /* programs that may run at a time; 0: as many as there are processors */
  uint64_t slice;   /* nanoseconds; 0: no turns */
  uint64_t timeout; /* nanoseconds of running; 0: none */
  unsigned retries; /* how often a program that fails is started again */
  bool isolate, require, may_kill, tag, no_table, quiet;
  bool input_is_list; /* standard input was the list: no program reads it */
  const char *report; /* a file; NULL: none */
  /* Environments, with the library preloaded and without. */
  char **environment, **environment_plain;
};

struct supervise_outcome {
  struct job *jobs;
  size_t count;
  unsigned failed;
  bool not_started;   /* --require asked for what is not offered; it was said */
  bool report_lost;   /* it was said why */
  int interrupted_by; /* a signal; 0: none */
  /* How it went, for the report. */
  bool frozen_by_group; /* else by signals */
  unsigned isolated;    /* enum isolation_part */
  uint64_t started, ended, peak;
};

/* Runs them all. Memory of the outcome's jobs is the caller's: supervise_release. */
void supervise(const struct supervise_request *request, struct supervise_outcome *outcome);
void supervise_release(struct supervise_outcome *outcome);

#endif
