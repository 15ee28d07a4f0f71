/*
 * budget.h: one memory budget for all programs of a run.
 *
 * What a program holds is the proportional share (PSS) of its processes together: memory that several share counts
 * once. Counting it makes the kernel walk page tables, so between two counts what has been added to RSS is added to
 * it, which errs to the safe side, and counting takes at most a hundredth of the time.
 *
 * Each program that has started has a claim: what is kept for it. Always
 *
 *     sum over programs (the larger of claim and what is held; of one paused for memory, what is held) <= budget
 *
 * so one that stays within its claim never waits. A claim is the peak that was seen in an earlier run of the same
 * list, or of the same program in this one. Who is not known gets half of what is left, while that is an eighth of the
 * budget, so a large one has a place to grow into; once it has not grown for a while, its claim shrinks to what it
 * holds, and more can start. Who needs more than its claim gets more when there is some; if not, in
 * this order:
 *
 *   1. all heaps are asked to give back what they keep for reuse (pressure, record/accounts.h);
 *   2. no other program is started;
 *   3. it is paused, and its memory paged out where there is swap. The one that started first may take what others
 *      claim but don't hold, so that one always comes to its end and leaves room;
 *   4. with --kill, the one that holds the most is ended; without, one passes the budget when nothing else could go on.
 */
#ifndef FREEHOLD_SUPERVISE_BUDGET_H
#define FREEHOLD_SUPERVISE_BUDGET_H

#include "tool/supervise/job.h"

struct budget {
  uint64_t bytes;               /* 0: none; memory is counted all the same */
  bool may_kill;                /* --kill */
  bool pressed;                 /* the heaps are asked to give back */
  bool has_pressed, holds_back; /* it was said that they are, and that no more are started */
  bool has_swap;
  uint64_t peak;       /* of all together */
  uint64_t admissions; /* how many programs were let in */
  /* A step was taken: about `job` (NULL: all). */
  void (*say)(void *context, const struct job *job, const char *sentence);
  /* Ends a program, for which `rule` is given as the reason. */
  void (*end)(void *context, struct job *job, enum job_rule rule);
  void *context;
};

void budget_begin(struct budget *budget);

/* Whether `job` may start now; then it has its claim. */
bool budget_admit(struct budget *budget, struct job *jobs, size_t count, struct job *job);

/* Counts what all hold, and does what it takes. Returns when it should be called again, in nanoseconds from now. */
uint64_t budget_keep(struct budget *budget, struct job *jobs, size_t count, uint64_t now);

/* What all hold, as of the last count. */
uint64_t budget_held(const struct job *jobs, size_t count);

#endif
