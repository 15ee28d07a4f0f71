/*
 * job.h: one program of a run, from waiting to its end.
 *
 *     WAITING --> STARTING --> RUNNING --> ENDING --> ENDED
 *        ^                                   |
 *        +------------- (--retries) ---------+
 *
 * STARTING until the keeper says that it runs; ENDING while what it left behind is being ended. A RUNNING one may be
 * paused, for more than one reason at once; it goes on when the last is gone.
 */
#ifndef FREEHOLD_SUPERVISE_JOB_H
#define FREEHOLD_SUPERVISE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/supervise/group.h"
#include "tool/supervise/job_list.h"
#include "tool/supervise/process_tree.h"

enum job_state { JOB_WAITING, JOB_STARTING, JOB_RUNNING, JOB_ENDING, JOB_ENDED };

enum job_pause {
  PAUSE_TURN = 1 << 0,   /* others have their turn */
  PAUSE_MEMORY = 1 << 1, /* more would not fit into the budget */
  PAUSE_ALL = 1 << 2,    /* the user has suspended the whole run */
};

/* What happened to it beside starting and ending; for the table and the report. */
enum job_rule {
  RULE_TIMEOUT = 1 << 0,        /* ended: it ran longer than --timeout */
  RULE_MEMORY_KILL = 1 << 1,    /* ended: it did not fit into the budget, with --kill */
  RULE_MEMORY_PAUSE = 1 << 2,   /* paused at least once: it did not fit */
  RULE_PAGED_OUT = 1 << 3,      /* its memory was moved to swap */
  RULE_OVER_BUDGET = 1 << 4,    /* let through although the budget was reached: nothing else could go on */
  RULE_STOPPED_ITSELF = 1 << 5, /* ended: it had stopped itself, and nobody continued it */
  RULE_INTERRUPTED = 1 << 6,    /* ended, or never started: the run was interrupted */
  RULE_KEEPER_LOST = 1 << 7,    /* ended: somebody killed its keeper */
  RULE_RETRIED = 1 << 8,        /* started again after it had failed */
  RULE_LEFT_BEHIND = 1 << 9,    /* it left processes behind, which were ended */
  RULE_NOT_STARTED = 1 << 10,   /* it could not be started */
};

struct job_rule_text {
  enum job_rule rule;
  const char *name; /* in the report */
  const char *text; /* in the table */
};
extern const struct job_rule_text job_rule_texts[];
extern const size_t job_rule_text_count;

struct job {
  const struct job_command *command;
  unsigned number;  /* from 1 on */
  unsigned slot;    /* of its private places (private_places.h), from its first start to its end; else 0 */
  unsigned attempt; /* from 1 on, 0 before the first */
  enum job_state state;
  unsigned paused; /* enum job_pause */
  unsigned rules;  /* enum job_rule, over all attempts */

  /* While it is there. */
  pid_t keeper, program;
  int channel; /* -1: none */
  struct group group;
  struct pid_list tree;    /* as of the last look */
  struct pid_list stopped; /* without a group: what a pause has stopped */
  int stop_signal;         /* it has stopped itself by this signal; 0: it has not */
  bool is_ending;          /* it was told to */
  bool went_ahead;         /* it may pass the budget: nothing else could go on */
  uint64_t told_to_end;    /* when */

  /* Time, in nanoseconds. Starts and ends are times of the clock, all else lengths. */
  uint64_t first_started, started, ended, paused_since;
  uint64_t paused_time; /* of this attempt */
  uint64_t all_paused_time, all_cpu;
  uint64_t cpu; /* of this attempt, as of the last look */
  uint64_t turns;

  /* Turns; see turns.h. */
  uint64_t virtual_time, turn_started, turn_cpu, turn_length;
  uint64_t looked_at, looked_cpu; /* the last time that its use of the processor was looked at, and what it was */
  bool idle, holds_turn;

  /* Memory, in bytes; see budget.h. */
  uint64_t held, peak, claim, learned;
  uint64_t last_growth;
  uint64_t admission;                                           /* who was let in earlier has the smaller number */
  uint64_t settled_held, settled_since;                         /* it has not grown beyond this much since then */
  uint64_t counted_at, counted_rss, counted_pss, counting_cost; /* the last exact count */
  uint64_t peak_rss;                                            /* of its largest process, from the kernel */

  /* How it ended. */
  int exit_code;   /* -1: it did not exit */
  int exit_signal; /* 0: none */
  int start_error; /* errno; 0: it was started */
  const char *start_problem;
  unsigned left_behind;
};

bool job_is_there(const struct job *job);
bool job_has_failed(const struct job *job);

/* For one reason more, or less. Whether it was paused, or goes on, by this. */
bool job_pause(struct job *job, enum job_pause reason);
bool job_go_on(struct job *job, enum job_pause reason);

/* Looks at its processes and what they have used. */
void job_look(struct job *job);
/* Paused time of this attempt, up to now. */
uint64_t job_paused_time(const struct job *job, uint64_t now);

/* "exit 3", "signal 9 (Killed)", "not started: ..." */
void job_end_text(const struct job *job, char *text, size_t bytes);
/* The rules that fired, as "timeout, left processes behind"; "" for none. */
void job_rules_text(const struct job *job, char *text, size_t bytes);

#endif
