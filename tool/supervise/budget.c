#include "tool/supervise/budget.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "tool/report/size_text.h"
#include "tool/supervise/clock.h"
#include "tool/supervise/memory_count.h"
#include "tool/supervise/memory_order.h"

#define MEBIBYTE (1ull << 20)
/* What is known of a program may be a little too little the next time. */
#define LEARNED_MORE(peak) ((peak) + (peak) / 32 + MEBIBYTE)
/* The least that is worth a claim of one that is not known, and the least for one that was paused to go on with. */
#define LEAST_CLAIM(budget) ((budget) / 8)
#define LEAST_STEP(budget)  ((budget) / 16)
/* One that is not known has settled when it has not grown by more than a share of what it holds for so long. */
#define SETTLING       (400 * MILLISECOND)
#define SETTLING_SHARE 64
/* Heaps are asked to give back from here on, and no longer from there. */
#define PRESS_FROM(budget)  ((budget) / 8 * 7)
#define PRESS_UNTIL(budget) ((budget) / 4 * 3)
/* Counting is done so often: near the budget, far from it, without one. */
#define COUNT_NEAR    (5 * MILLISECOND)
#define COUNT_FAR     (20 * MILLISECOND)
#define COUNT_WITHOUT (500 * MILLISECOND)
/* The least that a program may grow by before it is looked at again. */
#define ROOM_LEAST(budget) ((budget) / 128)

void budget_begin(struct budget *budget) {
  struct sysinfo information;
  budget->has_swap = sysinfo(&information) == 0 && information.totalswap > 0;
}

uint64_t budget_held(const struct job *jobs, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++)
    if (job_is_there(&jobs[i]))
      sum += jobs[i].held;
  return sum;
}

static uint64_t larger(uint64_t left, uint64_t right) {
  return left > right ? left : right;
}

/* What of the budget is taken, but for `job`. */
static uint64_t committed_without(const struct job *jobs, size_t count, const struct job *job) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++)
    if (&jobs[i] != job && job_is_there(&jobs[i]))
      sum += (jobs[i].paused & PAUSE_MEMORY) != 0 ? jobs[i].held : larger(jobs[i].held, jobs[i].claim);
  return sum;
}

static uint64_t room_for(const struct budget *budget, const struct job *jobs, size_t count, const struct job *job) {
  uint64_t taken = committed_without(jobs, count, job);
  return taken < budget->bytes ? budget->bytes - taken : 0;
}

/* The peak of another that runs, or ran, the same file; 0 when nothing is known. */
static uint64_t known_peak(const struct job *jobs, size_t count, const struct job *job) {
  if (job->learned != 0)
    return job->learned;
  uint64_t peak = 0;
  for (size_t i = 0; i < count; i++)
    if (jobs[i].state == JOB_ENDED && jobs[i].start_error == 0 &&
        strcmp(jobs[i].command->path, job->command->path) == 0)
      peak = larger(peak, jobs[i].peak);
  return peak;
}

static void say(const struct budget *budget, const struct job *job, const char *format, uint64_t bytes) {
  char size[SIZE_TEXT_BYTES], sentence[256];
  size_text(bytes, size);
  snprintf(sentence, sizeof sentence, format, size); // NOLINT(clang-diagnostic-format-nonliteral)
  budget->say(budget->context, job, sentence);
}

bool budget_admit(struct budget *budget, struct job *jobs, size_t count, struct job *job) {
  if (budget->bytes == 0)
    return true;
  bool alone = true, waiting = false; /* somebody who was paused for memory comes first */
  for (size_t i = 0; i < count; i++) {
    alone &= !job_is_there(&jobs[i]);
    waiting |= job_is_there(&jobs[i]) && (jobs[i].paused & PAUSE_MEMORY) != 0;
  }
  uint64_t room = room_for(budget, jobs, count, job);
  uint64_t known = known_peak(jobs, count, job);
  uint64_t wanted = known != 0 ? LEARNED_MORE(known) : larger(room / 2, LEAST_CLAIM(budget->bytes));
  if (wanted > budget->bytes)
    wanted = budget->bytes;
  if (alone || (wanted <= room && !waiting && (known != 0 || !budget->pressed))) {
    job->claim = alone && known == 0 ? larger(wanted, budget->bytes / 2) : wanted;
    job->admission = ++budget->admissions;
    job->settled_held = 0;
    return true;
  }
  if (!budget->holds_back)
    say(budget, job, "waits, and so do those behind it: %s of the budget are not claimed", room);
  budget->holds_back = true;
  return false;
}

/* ---- Growing. ---- */

/* The one that was let in first and is still there. */
static struct job *oldest(struct job *jobs, size_t count) {
  struct job *first = NULL;
  for (size_t i = 0; i < count; i++)
    if (jobs[i].state == JOB_RUNNING && jobs[i].stop_signal == 0 &&
        (first == NULL || jobs[i].admission < first->admission))
      first = &jobs[i];
  return first;
}

/* The one that holds the most; of equals the one that was let in last. */
static struct job *largest_holder(struct job *jobs, size_t count) {
  struct job *most = NULL;
  for (size_t i = 0; i < count; i++)
    if (jobs[i].state == JOB_RUNNING && !jobs[i].is_ending && jobs[i].held > MEBIBYTE &&
        (most == NULL || jobs[i].held > most->held ||
         (jobs[i].held == most->held && jobs[i].admission > most->admission)))
      most = &jobs[i];
  return most;
}

/* How much a program may grow before it is looked at again. */
static uint64_t margin(const struct budget *budget, const struct job *job) {
  return larger(ROOM_LEAST(budget->bytes), 2 * job->last_growth);
}

/* What it should claim now that its claim is used up. */
static uint64_t next_claim(const struct budget *budget, const struct job *jobs, size_t count, const struct job *job) {
  uint64_t known = known_peak(jobs, count, job);
  uint64_t least = job->held + margin(budget, job);
  if (known != 0 && LEARNED_MORE(known) > least)
    return LEARNED_MORE(known);
  return least + job->held / 4;
}

static void pause_for_memory(struct budget *budget, struct job *job) {
  if (!job_pause(job, PAUSE_MEMORY) && (job->paused & PAUSE_MEMORY) == 0)
    return;
  if ((job->rules & RULE_MEMORY_PAUSE) == 0)
    say(budget, job, "paused: it holds %s and more does not fit into the budget now", job->held);
  job->rules |= RULE_MEMORY_PAUSE;
  job->claim = job->held;
  if (budget->has_swap) {
    uint64_t out = memory_order_page_out(&job->tree);
    if (out > 0 && (job->rules & RULE_PAGED_OUT) == 0)
      say(budget, job, "paged out: %s moved to swap", out);
    if (out > 0)
      job->rules |= RULE_PAGED_OUT;
  }
}

/* The oldest may have what others claim but don't hold. */
static void take_claims_of_others(struct job *jobs, size_t count, const struct job *job) {
  for (size_t i = 0; i < count; i++)
    if (&jobs[i] != job && job_is_there(&jobs[i]))
      jobs[i].claim = jobs[i].held;
}

/* Nothing else can be done: the one that holds the most goes, or one passes. */
static void make_way(struct budget *budget, struct job *jobs, size_t count, struct job *job) {
  if (budget->may_kill) {
    struct job *other = largest_holder(jobs, count);
    other = other != NULL ? other : job;
    say(budget, other, "ended: it holds %s, and nothing could go on within the budget (--kill)", other->held);
    budget->end(budget->context, other, RULE_MEMORY_KILL);
    return;
  }
  if (!job->went_ahead)
    say(budget, job, "passes the budget with %s: nothing could go on within it (--kill ends one instead)", job->held);
  job->went_ahead = true;
  job->rules |= RULE_OVER_BUDGET;
  job->claim = job->held + margin(budget, job);
  job_go_on(job, PAUSE_MEMORY);
}

/* Whether somebody else may come to an end, and leave room: then nobody has to pass the budget. */
static bool another_goes_on(const struct job *jobs, size_t count, const struct job *job) {
  for (size_t i = 0; i < count; i++)
    if (&jobs[i] != job && job_is_there(&jobs[i]) && (jobs[i].paused & PAUSE_MEMORY) == 0 && jobs[i].stop_signal == 0)
      return true;
  return false;
}

/* The one that was let in last, among those that go on and hold something. */
static struct job *youngest_that_goes_on(struct job *jobs, size_t count, const struct job *but) {
  struct job *last = NULL;
  for (size_t i = 0; i < count; i++)
    if (&jobs[i] != but && jobs[i].state == JOB_RUNNING && (jobs[i].paused & PAUSE_MEMORY) == 0 &&
        jobs[i].held > MEBIBYTE && (last == NULL || jobs[i].admission > last->admission))
      last = &jobs[i];
  return last;
}

static void let_grow(struct budget *budget, struct job *jobs, size_t count, struct job *job) {
  uint64_t wanted = next_claim(budget, jobs, count, job), room = room_for(budget, jobs, count, job);
  if (wanted > room && room >= job->held + margin(budget, job))
    wanted = room;
  if (wanted <= room) {
    job->claim = wanted;
    return;
  }
  if (job != oldest(jobs, count)) {
    pause_for_memory(budget, job);
    return;
  }
  take_claims_of_others(jobs, count, job);
  room = room_for(budget, jobs, count, job);
  uint64_t least = job->held + margin(budget, job);
  if (least <= room)
    job->claim = larger(least, wanted < room ? wanted : room);
  else if (budget->has_swap && youngest_that_goes_on(jobs, count, job) != NULL)
    pause_for_memory(budget, youngest_that_goes_on(jobs, count, job)); /* what goes out leaves room for this one */
  else if (another_goes_on(jobs, count, job))
    pause_for_memory(budget, job);
  else
    make_way(budget, jobs, count, job);
}

/* Those that were paused go on when there is room, in the order in which they started. */
static void let_go_on(struct budget *budget, struct job *jobs, size_t count) {
  for (;;) {
    struct job *first = NULL;
    for (size_t i = 0; i < count; i++)
      if (jobs[i].state == JOB_RUNNING && (jobs[i].paused & PAUSE_MEMORY) != 0 &&
          (first == NULL || jobs[i].admission < first->admission))
        first = &jobs[i];
    if (first == NULL)
      return;
    uint64_t wanted = next_claim(budget, jobs, count, first), room = room_for(budget, jobs, count, first);
    if (wanted > budget->bytes)
      wanted = budget->bytes;
    if (wanted > room && first == oldest(jobs, count)) {
      take_claims_of_others(jobs, count, first);
      room = room_for(budget, jobs, count, first);
      uint64_t least = first->held + margin(budget, first);
      if (least > room) {
        if (!another_goes_on(jobs, count, first))
          make_way(budget, jobs, count, first);
        return;
      }
      wanted = wanted < room ? wanted : room;
    } else if (known_peak(jobs, count, first) == 0) {
      wanted = larger(wanted, first->held + LEAST_STEP(budget->bytes)); /* a smaller one would be used up at once */
    }
    if (wanted > room)
      return;
    first->claim = wanted;
    job_go_on(first, PAUSE_MEMORY);
  }
}

static void press(struct budget *budget, struct job *jobs, size_t count, uint64_t held) {
  if (!budget->pressed && held > PRESS_FROM(budget->bytes)) {
    budget->pressed = true;
    if (!budget->has_pressed)
      say(budget, NULL, "%s are held, which is near the budget: heaps are asked to give back what is free", held);
    budget->has_pressed = true;
    for (size_t i = 0; i < count; i++)
      if (job_is_there(&jobs[i]))
        memory_order_press(&jobs[i].tree, true);
  } else if (budget->pressed && held < PRESS_UNTIL(budget->bytes)) {
    budget->pressed = false;
    for (size_t i = 0; i < count; i++)
      if (job_is_there(&jobs[i]))
        memory_order_press(&jobs[i].tree, false);
  }
}

/* What is kept for one that is not known is for its growth. When that seems to be over, others can have it. */
static void settle(const struct budget *budget, const struct job *jobs, size_t count, struct job *job, uint64_t now) {
  if (job->paused != 0 || job->settled_held == 0 ||
      job->held > job->settled_held + job->settled_held / SETTLING_SHARE) {
    job->settled_held = larger(job->held, 1);
    job->settled_since = now;
  } else if (now - job->settled_since > SETTLING && known_peak(jobs, count, job) == 0) {
    uint64_t enough = LEARNED_MORE(larger(job->held, job->peak)) + ROOM_LEAST(budget->bytes);
    job->claim = enough < job->claim ? enough : job->claim;
  }
}

/* When the exact count would change what is done, it is worth more. */
static bool is_near(const struct budget *budget, uint64_t held) {
  return budget->bytes != 0 && held > budget->bytes / 2;
}

uint64_t budget_keep(struct budget *budget, struct job *jobs, size_t count, uint64_t now) {
  uint64_t before = budget_held(jobs, count);
  for (size_t i = 0; i < count; i++) {
    struct job *job = &jobs[i];
    if (job->state != JOB_RUNNING && job->state != JOB_ENDING)
      continue;
    uint64_t earlier = job->held;
    if ((job->paused & ~(unsigned)PAUSE_MEMORY) == 0 || job->held == 0)
      memory_count(job, now, is_near(budget, before));
    job->last_growth = job->held > earlier ? job->held - earlier : job->last_growth / 2;
    job->peak = larger(job->peak, job->held);
    if (budget->bytes != 0)
      settle(budget, jobs, count, job, now);
  }
  uint64_t held = budget_held(jobs, count);
  budget->peak = larger(budget->peak, held);
  if (budget->bytes == 0)
    return COUNT_WITHOUT;
  press(budget, jobs, count, held);
  let_go_on(budget, jobs, count);
  for (size_t i = 0; i < count; i++) {
    struct job *job = &jobs[i];
    /* Of one that is known, what it claims is what it needs: that it comes near is no reason to ask for more. */
    uint64_t ahead = known_peak(jobs, count, job) != 0 ? 0 : job->last_growth;
    if (job->state == JOB_RUNNING && job->paused == 0 && !job->is_ending && job->held + ahead >= job->claim)
      let_grow(budget, jobs, count, job);
  }
  bool growing = false;
  for (size_t i = 0; i < count; i++)
    growing |=
        jobs[i].state == JOB_RUNNING && jobs[i].paused == 0 && jobs[i].last_growth > ROOM_LEAST(budget->bytes) / 4;
  return growing || is_near(budget, held) ? COUNT_NEAR : COUNT_FAR;
}
