/*
 * turns.h: who runs now, when more programs are there than may run at a time.
 *
 * A program's virtual time is the processor time that it has used, beginning with that of the least favoured one
 * when it came. Whoever has the least is next, so what noise takes from one in a turn it gets in a later one. A turn
 * is over when
 *
 *     it has used what brings its virtual time to (the least of those who wait) + slice,   or
 *     two slices of time have gone by
 *
 * and somebody waits. A program that uses next to nothing, and has no thread that wants to, sleeps: it needs no turn
 * and is not paused, so it can answer at once; it takes a turn, or waits for one, when it wakes up.
 */
#ifndef FREEHOLD_SUPERVISE_TURNS_H
#define FREEHOLD_SUPERVISE_TURNS_H

#include "tool/supervise/job.h"

struct turns {
  unsigned most;  /* how many may run at a time */
  uint64_t slice; /* nanoseconds; 0: no slices, who runs goes on to its end */
};

/* Takes in a program that has just started. */
void turns_enter(const struct turns *turns, struct job *jobs, size_t count, struct job *job);
/* How many hold a turn. */
unsigned turns_held(const struct job *jobs, size_t count);
/* Looks at who has used what, pauses and lets go on. Returns when it should be called again, in nanoseconds from
 * now. */
uint64_t turns_take(const struct turns *turns, struct job *jobs, size_t count, uint64_t now);

#endif
