#include "tool/proc/memory_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/proc/address_space.h"
#include "tool/proc/heap_root.h"
#include "tool/proc/process.h"
#include "tool/proc/process_tree.h"

/* A program that starts another (exec) may come to run on Freehold: whoever does not is asked again after this. */
static const double ask_again_seconds = 10;
/* PSS is read again after so many times what it took, but not before a few seconds. */
static const double proportional_seconds = 5, proportional_share = 20;

struct not_freehold {
  pid_t pid;
  uint64_t start_ticks;
  double asked_at;
};

static double seconds_of(clockid_t clock) {
  struct timespec time;
  return clock_gettime(clock, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec * 1e-9 : 0;
}

static void forget(struct watched_program *program) {
  if (program != NULL)
    free(program->command_line);
  free(program);
}

/* ---- Who is looked at. ---- */

static int compare_others(const void *one, const void *other) {
  const struct not_freehold *first = one, *second = other;
  return (first->pid > second->pid) - (first->pid < second->pid);
}

static bool asked_lately(const struct memory_watch *watch, pid_t pid, uint64_t start_ticks, double now) {
  struct not_freehold wanted = {.pid = pid};
  const struct not_freehold *found =
      watch->other_count == 0 ? NULL
                              : bsearch(&wanted, watch->others, watch->other_count, sizeof wanted, compare_others);
  return found != NULL && found->start_ticks == start_ticks && now - found->asked_at < ask_again_seconds;
}

static bool is_chosen(const struct watch_wish *wish, pid_t pid) {
  for (size_t i = 0; i < wish->chosen_count; i++)
    if (wish->chosen[i] == pid)
      return true;
  return false;
}

static int compare_programs(const void *one, const void *other) {
  const struct watched_program *first = *(struct watched_program *const *)one,
                               *second = *(struct watched_program *const *)other;
  return (first->pid > second->pid) - (first->pid < second->pid);
}

/* The program of the look before, if it is still the same process. */
static struct watched_program *known(const struct memory_watch *watch, pid_t pid, uint64_t start_ticks) {
  struct watched_program wanted = {.pid = pid}, *key = &wanted;
  struct watched_program **found =
      watch->count == 0 ? NULL : bsearch(&key, watch->programs, watch->count, sizeof(void *), compare_programs);
  return found != NULL && *found != NULL && (*found)->process.start_ticks == start_ticks && !(*found)->ended ? *found
                                                                                                             : NULL;
}

/* ---- What is seen of one. ---- */

static void look_into(struct watched_program *program) {
  struct address_space space;
  const struct address_request shallow = {.deep = false};
  program->has_regions = program->has_heap = false;
  program->code_bytes = program->stack_bytes = program->live_bytes = program->held_back_bytes = 0;
  if (address_space_read(program->pid, &shallow, &space) != 0)
    return;
  program->has_regions = true;
  program->code_bytes = space.kinds[ADDRESS_CODE].reserved_bytes;
  program->stack_bytes = space.kinds[ADDRESS_STACK].reserved_bytes + space.kinds[ADDRESS_THREAD_STACK].reserved_bytes;
  program->has_heap = space.has_heap;
  if (space.has_heap) {
    program->live_bytes = space.heap.accounts.live_bytes;
    program->held_back_bytes = space.heap.accounts.held_back_bytes;
  }
  /* It changes with exec. */
  if (space.command_line != NULL && space.command_line[0] != '\0') {
    free(program->command_line);
    program->command_line = space.command_line;
    space.command_line = NULL;
  }
  address_space_destroy(&space);
}

static void look_at_proportional(struct watched_program *program, double now) {
  program->proportional_age = now - program->proportional_at;
  if (now < program->proportional_due)
    return;
  uint64_t bytes;
  double before = seconds_of(CLOCK_MONOTONIC);
  program->has_proportional = memory_counters_read_proportional(program->pid, &bytes) == 0;
  program->proportional_bytes = program->has_proportional ? bytes : 0;
  program->proportional_at = now;
  program->proportional_age = 0;
  double pause = (seconds_of(CLOCK_MONOTONIC) - before) * proportional_share;
  program->proportional_due = now + (pause > proportional_seconds ? pause : proportional_seconds);
}

static void take_rates(struct watched_program *program, const struct process_counters *before, double seconds) {
  program->has_rates = seconds > 0;
  if (!program->has_rates)
    return;
  const struct process_counters *now = &program->process;
  uint64_t major = now->major_faults - before->major_faults, minor = now->minor_faults - before->minor_faults;
  program->major_faults_per_second = (double)major / seconds;
  program->faults_per_second = (double)(major + minor) / seconds;
  program->processor_percent =
      (double)(now->processor_nanoseconds - before->processor_nanoseconds) / 1e9 / seconds * 100;
}

/* Growth is the difference to the oldest point that is kept. */
static void take_growth(struct watched_program *program, double now) {
  struct watch_point *points = program->points;
  struct watch_point point = {now, program->counters.resident_bytes, program->live_bytes};
  size_t old = 0;
  while (old < program->point_count && now - points[old].at > WATCH_GROWTH_SECONDS)
    old++;
  if (old == program->point_count && old > 0)
    old--; /* looks that are far apart: the last one */
  memmove(points, points + old, (program->point_count - old) * sizeof *points);
  program->point_count -= old;
  program->has_growth = program->point_count > 0 && now > points[0].at;
  if (program->has_growth) {
    double minutes = (now - points[0].at) / 60;
    program->growth_seconds = now - points[0].at;
    program->resident_growth_per_minute = ((double)point.resident_bytes - (double)points[0].resident_bytes) / minutes;
    program->live_growth_per_minute = ((double)point.live_bytes - (double)points[0].live_bytes) / minutes;
  }
  bool spaced = program->point_count == 0 || now - points[program->point_count - 1].at >= 1;
  if (spaced && program->point_count < WATCH_HISTORY)
    points[program->point_count++] = point;
}

static void look_at(struct watched_program *program, const struct process_counters *process, double now) {
  struct process_counters before = program->process;
  struct process_status status;
  program->process = *process;
  memory_counters_read(program->pid, &program->counters);
  program->user = process_read_status(program->pid, &status) == 0 ? status.user : program->user;
  bool had_heap = program->has_heap;
  look_into(program);
  if (program->has_heap != had_heap)
    program->point_count = 0; /* it is another program now, or can be looked into at last */
  if (program->command_line == NULL)
    program->command_line = strdup(process->name);
  look_at_proportional(program, now);
  take_rates(program, &before, program->looked_at > 0 ? now - program->looked_at : 0);
  take_growth(program, now);
  program->looked_at = now;
}

/* ---- A look. ---- */

struct look {
  struct memory_watch *watch;
  const struct watch_wish *wish;
  double now;
  struct watched_program **programs;
  size_t count;
  struct not_freehold *others;
  size_t other_count;
};

static void add_other(struct look *look, pid_t pid, uint64_t start_ticks) {
  look->others[look->other_count++] = (struct not_freehold){pid, start_ticks, look->now};
}

/* Whether the process is one to be shown; *on_freehold: it runs on Freehold, as far as can be told. */
static bool is_wanted(struct look *look, pid_t pid, const struct process_counters *process, bool *on_freehold) {
  bool chosen = is_chosen(look->wish, pid);
  *on_freehold = false;
  if (look->wish->only_chosen && !chosen)
    return false;
  if (asked_lately(look->watch, pid, process->start_ticks, look->now)) {
    struct not_freehold wanted = {.pid = pid};
    const struct not_freehold *old =
        bsearch(&wanted, look->watch->others, look->watch->other_count, sizeof wanted, compare_others);
    look->others[look->other_count++] = *old;
    return chosen || look->wish->all;
  }
  uint64_t root;
  int error = heap_root_find(pid, &root);
  *on_freehold = error == 0 || error == ENODATA;
  if (!*on_freehold)
    add_other(look, pid, process->start_ticks);
  return *on_freehold || chosen || look->wish->all;
}

static int take_one(struct look *look, pid_t pid) {
  struct process_counters process;
  if (process_counters_read(pid, &process) != 0 || process.state == 'Z' || process.state == 'X')
    return 0;
  struct watched_program *program = known(look->watch, pid, process.start_ticks);
  bool on_freehold = program != NULL && program->on_freehold && program->has_heap;
  bool wanted = on_freehold && (!look->wish->only_chosen || is_chosen(look->wish, pid));
  if (!on_freehold)
    wanted = is_wanted(look, pid, &process, &on_freehold);
  if (!wanted || process_has_ended(pid))
    return 0;
  struct process_status status;
  if (process_read_status(pid, &status) != 0 || (!status.has_memory && !is_chosen(look->wish, pid)))
    return 0; /* a thread of the kernel */
  if (program == NULL)
    program = calloc(1, sizeof *program);
  if (program == NULL)
    return ENOMEM;
  program->pid = pid;
  program->chosen = is_chosen(look->wish, pid);
  look_at(program, &process, look->now);
  program->on_freehold = on_freehold || program->has_heap;
  look->programs[look->count++] = program;
  return program->command_line != NULL ? 0 : ENOMEM;
}

static bool is_among(const struct look *look, const struct watched_program *program) {
  for (size_t i = 0; i < look->count; i++)
    if (look->programs[i] == program)
      return true;
  return false;
}

/* What was there before and is not any more: it has ended, or is no longer wanted. */
static void take_leave(struct look *look) {
  struct memory_watch *watch = look->watch;
  size_t found = look->count;
  for (size_t i = 0; i < watch->count; i++) {
    struct watched_program *program = watch->programs[i];
    if (is_among(look, program))
      continue;
    struct process_counters process;
    bool runs = !program->ended && process_counters_read(program->pid, &process) == 0 &&
                process.start_ticks == program->process.start_ticks && process.state != 'Z' && process.state != 'X';
    bool news = !program->ended;
    if (news) {
      program->ended = true;
      program->ended_at = look->now;
      program->has_rates = program->has_growth = false;
    }
    bool same_id = false; /* of a new process: there can be only one of it */
    for (size_t j = 0; j < found; j++)
      same_id |= look->programs[j]->pid == program->pid;
    if (!runs && !same_id && (news || look->now - program->ended_at < look->wish->keep_ended_seconds))
      look->programs[look->count++] = program;
    else
      forget(program);
    watch->programs[i] = NULL;
  }
}

int memory_watch_look(struct memory_watch *watch, const struct watch_wish *wish) {
  struct tree_process *all;
  size_t all_count;
  int error = process_list_read(&all, &all_count);
  if (error != 0)
    return error;
  struct look look = {.watch = watch, .wish = wish, .now = seconds_of(CLOCK_MONOTONIC)};
  look.programs = calloc(all_count + watch->count + 1, sizeof(void *));
  look.others = calloc(all_count + 1, sizeof look.others[0]);
  error = look.programs != NULL && look.others != NULL ? 0 : ENOMEM;
  for (size_t i = 0; i < all_count && error == 0; i++)
    error = take_one(&look, all[i].pid);
  free(all);
  if (error != 0) {
    /* New ones are given up, the others are still in the list of before. */
    for (size_t i = 0; i < look.count; i++)
      if (known(watch, look.programs[i]->pid, look.programs[i]->process.start_ticks) != look.programs[i])
        forget(look.programs[i]);
    free(look.programs);
    free(look.others);
    return error;
  }
  take_leave(&look);
  qsort(look.programs, look.count, sizeof(void *), compare_programs);
  qsort(look.others, look.other_count, sizeof look.others[0], compare_others);
  free(watch->programs);
  free(watch->others);
  watch->programs = look.programs;
  watch->count = look.count;
  watch->others = look.others;
  watch->other_count = look.other_count;
  watch->seconds = watch->last > 0 ? look.now - watch->last : 0;
  watch->last = look.now;
  watch->taken_at = seconds_of(CLOCK_REALTIME);
  return 0;
}

void memory_watch_destroy(struct memory_watch *watch) {
  for (size_t i = 0; i < watch->count; i++)
    forget(watch->programs[i]);
  free(watch->programs);
  free(watch->others);
  memset(watch, 0, sizeof *watch);
}
