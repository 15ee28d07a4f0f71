/*
 * keeper.h: the process between the supervisor and one program.
 *
 *     supervisor -- keeper -- program -- whatever it starts
 *
 * Every orphan of the program is handed to the keeper (PR_SET_CHILD_SUBREAPER), so no daemon gets away from it, and
 * when the supervisor is gone, however it ended, the keeper ends all of them. When a keeper is killed, its program
 * goes with it (PR_SET_PDEATHSIG), and the rest are handed to the supervisor, which ends them.
 *
 * They talk over a socket that nobody else has; each message is one struct below. The keeper forgets nothing: it says
 * STARTED or REFUSED, then STOPPED and CONTINUED as they come, ENDED when the program itself has ended, and GONE when
 * nothing of it is left, after which it ends itself.
 */
#ifndef FREEHOLD_SUPERVISE_KEEPER_H
#define FREEHOLD_SUPERVISE_KEEPER_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/supervise/group.h"
#include "tool/supervise/isolation.h"
#include "tool/supervise/job_list.h"

enum keeper_event_kind {
  KEEPER_STARTED = 1, /* value: process id of the program */
  KEEPER_REFUSED,     /* value: errno; stage: what failed */
  KEEPER_STOPPED,     /* value: the signal that stopped the program */
  KEEPER_CONTINUED,
  KEEPER_ENDED, /* value: status as wait(2) gives it; left: how many processes it left, which are being ended */
  KEEPER_GONE,  /* cpu, peak_rss: of everything that ran */
};

enum keeper_stage {
  KEEPER_STAGE_FORK,
  KEEPER_STAGE_GROUP,
  KEEPER_STAGE_ISOLATE,
  KEEPER_STAGE_STREAMS,
  KEEPER_STAGE_EXECUTE
};

struct keeper_event {
  uint32_t kind;
  int32_t value;
  uint32_t stage, left;
  uint64_t cpu;      /* nanoseconds */
  uint64_t peak_rss; /* bytes, of the largest process */
};

enum keeper_order_kind {
  KEEPER_SIGNAL = 1, /* send this signal to the program and all that it has started */
  KEEPER_END,        /* end them all, now */
};

struct keeper_order {
  uint32_t kind;
  int32_t value;
};

struct keeper_plan {
  const struct job_command *command;
  char **environment;
  unsigned number, slot;               /* of the program, and of its private places */
  struct group group;                  /* where it is to run; no path: nowhere special */
  const struct group_root *group_root; /* to be removed with the last group, should the supervisor be gone */
  const struct isolation *isolation;   /* NULL: none */
  struct private_places *places;       /* of the run; count 0: none */
  int input, output, error;            /* become the program's streams; all are above 2 */
  int nice;                            /* what it was before the supervisor changed its own */
  sigset_t mask;                       /* the same */
  struct sigaction pipe_action;
};

/* Starts a keeper. Its process id, and the supervisor's end of the socket in *channel; or -1 with errno. */
pid_t keeper_start(const struct keeper_plan *plan, int *channel);

/* Tells a keeper something. Whether it could be told: it may be gone. */
bool keeper_tell(int channel, enum keeper_order_kind kind, int value);

/* Ends everything that descends from this process but is no keeper: what a killed keeper has left. How many there
 * were. */
size_t keeper_end_orphans(const struct pid_list *keepers);

#endif
