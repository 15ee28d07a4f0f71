#include "tool/supervise/turns.h"

#include "tool/supervise/clock.h"

/* A program's use of the processor is looked at so often. */
#define LOOK_LEAST (5 * MILLISECOND)
#define LOOK_MOST  (50 * MILLISECOND)
/* One that sleeps may be looked at less often. */
#define LOOK_SLEEPING (20 * MILLISECOND)
/* Less than this share of a processor since the last look: asleep. More than that: awake. */
#define ASLEEP_SHARE 20u
#define AWAKE_SHARE  5u
/* A turn is never shorter or longer than this share of a slice, whatever others are owed. */
#define TURN_LEAST(slice) ((slice) / 4)
#define TURN_MOST(slice)  (2 * (slice))

static bool takes_part(const struct job *job) {
  return job->state == JOB_RUNNING && (job->paused & ~(unsigned)PAUSE_TURN) == 0 && job->stop_signal == 0;
}

static bool waits(const struct job *job) {
  return takes_part(job) && (job->paused & PAUSE_TURN) != 0;
}

unsigned turns_held(const struct job *jobs, size_t count) {
  unsigned held = 0;
  for (size_t i = 0; i < count; i++)
    held += jobs[i].state == JOB_STARTING || (takes_part(&jobs[i]) && jobs[i].holds_turn);
  return held;
}

/* The least virtual time among those for whom `counts` is true; UINT64_MAX when there is none. */
static uint64_t least_time(const struct job *jobs, size_t count, bool (*counts)(const struct job *)) {
  uint64_t least = UINT64_MAX;
  for (size_t i = 0; i < count; i++)
    if (counts(&jobs[i]) && jobs[i].virtual_time < least)
      least = jobs[i].virtual_time;
  return least;
}

static bool is_awake(const struct job *job) {
  return takes_part(job) && !job->idle;
}

static void begin_turn(const struct turns *turns, struct job *jobs, size_t count, struct job *job, uint64_t now) {
  job->holds_turn = true;
  job->idle = false;
  job->turns++;
  job->turn_started = job->looked_at = now;
  job->turn_cpu = job->looked_cpu = job->cpu;
  uint64_t others = least_time(jobs, count, waits);
  uint64_t aim = (others == UINT64_MAX ? job->virtual_time : others) + turns->slice;
  uint64_t length = aim > job->virtual_time ? aim - job->virtual_time : 0;
  if (length < TURN_LEAST(turns->slice))
    length = TURN_LEAST(turns->slice);
  job->turn_length = length > TURN_MOST(turns->slice) ? TURN_MOST(turns->slice) : length;
  job_go_on(job, PAUSE_TURN);
}

/* Whoever comes, or wakes up, is not owed what went by without it. */
static void forgive(struct job *jobs, size_t count, struct job *job) {
  uint64_t least = UINT64_MAX;
  for (size_t i = 0; i < count; i++)
    if (&jobs[i] != job && is_awake(&jobs[i]) && jobs[i].virtual_time < least)
      least = jobs[i].virtual_time;
  if (least != UINT64_MAX && job->virtual_time < least)
    job->virtual_time = least;
}

void turns_enter(const struct turns *turns, struct job *jobs, size_t count, struct job *job) {
  job->virtual_time = 0;
  job->idle = job->holds_turn = false;
  forgive(jobs, count, job);
  if (turns->slice == 0 || turns_held(jobs, count) < turns->most)
    begin_turn(turns, jobs, count, job, clock_now());
  else
    job_pause(job, PAUSE_TURN);
}

/* Adds what it has used since the last look, and notes whether it sleeps. */
static void look(struct job *job, uint64_t now) {
  uint64_t before = job->cpu;
  job_look(job);
  job->virtual_time += job->cpu - before;
  uint64_t passed = now - job->looked_at;
  if (passed < LOOK_LEAST)
    return;
  uint64_t used = job->cpu - job->looked_cpu;
  if (job->idle)
    job->idle = used < passed / AWAKE_SHARE;
  else
    job->idle = used < passed / ASLEEP_SHARE && !process_tree_wants_processor(&job->tree);
  job->looked_at = now;
  job->looked_cpu = job->cpu;
}

static struct job *next_to_run(struct job *jobs, size_t count) {
  struct job *next = NULL;
  for (size_t i = 0; i < count; i++)
    if (waits(&jobs[i]) && (next == NULL || jobs[i].virtual_time < next->virtual_time ||
                            (jobs[i].virtual_time == next->virtual_time && jobs[i].turns < next->turns)))
      next = &jobs[i];
  return next;
}

static bool turn_is_over(const struct turns *turns, const struct job *job, uint64_t now) {
  return job->cpu - job->turn_cpu >= job->turn_length || now - job->turn_started >= TURN_MOST(turns->slice);
}

static void look_at_all(const struct turns *turns, struct job *jobs, size_t count, uint64_t now) {
  for (size_t i = 0; i < count; i++) {
    struct job *job = &jobs[i];
    if (!takes_part(job)) {
      job->holds_turn = false;
      continue;
    }
    if (job->paused != 0 || (job->idle && now - job->looked_at < LOOK_SLEEPING))
      continue;
    bool slept = job->idle;
    look(job, now);
    if (job->idle) {
      job->holds_turn = false;
    } else if (!job->holds_turn) {
      if (slept)
        forgive(jobs, count, job);
      if (turns_held(jobs, count) < turns->most)
        begin_turn(turns, jobs, count, job, now);
      else
        job_pause(job, PAUSE_TURN);
    }
  }
}

static uint64_t next_look(const struct turns *turns, const struct job *jobs, size_t count, uint64_t now) {
  uint64_t pause = turns->slice / 2;
  pause = pause < LOOK_LEAST ? LOOK_LEAST : pause > LOOK_MOST ? LOOK_MOST : pause;
  bool anybody = next_to_run((struct job *)jobs, count) != NULL;
  for (size_t i = 0; i < count && anybody; i++) {
    const struct job *job = &jobs[i];
    if (!job->holds_turn || job->state != JOB_RUNNING)
      continue;
    uint64_t used = job->cpu - job->turn_cpu;
    uint64_t left = job->turn_length > used ? job->turn_length - used : 0;
    uint64_t end = job->turn_started + TURN_MOST(turns->slice);
    if (end > now && end - now < left)
      left = end - now;
    if (left < pause)
      pause = left;
  }
  return pause < MILLISECOND / 2 ? MILLISECOND / 2 : pause;
}

uint64_t turns_take(const struct turns *turns, struct job *jobs, size_t count, uint64_t now) {
  if (turns->slice == 0)
    return UINT64_MAX;
  look_at_all(turns, jobs, count, now);
  for (size_t i = 0; i < count; i++) {
    struct job *job = &jobs[i];
    if (job->holds_turn && turn_is_over(turns, job, now) && next_to_run(jobs, count) != NULL) {
      job->holds_turn = false;
      job_pause(job, PAUSE_TURN);
    }
  }
  struct job *next;
  while (turns_held(jobs, count) < turns->most && (next = next_to_run(jobs, count)) != NULL)
    begin_turn(turns, jobs, count, next, now);
  return next_look(turns, jobs, count, now);
}
