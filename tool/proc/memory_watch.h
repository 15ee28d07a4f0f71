/*
 * memory_watch.h: the memory of several programs, looked at again and again: all that run on Freehold, or all there are,
 * and any that were chosen; what each holds, and how fast that changes.
 *
 * A look takes what costs a program nothing that it could notice: address_space.h's first depth, and the kernel's counters.
 * PSS alone makes the kernel walk page tables, so it may be some seconds older than the rest.
 */
#ifndef FREEHOLD_PROC_MEMORY_WATCH_H
#define FREEHOLD_PROC_MEMORY_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/proc/memory_counters.h"
#include "tool/proc/process_counters.h"

/* What growth is told from: a point a second at most, for so many seconds. */
enum { WATCH_HISTORY = 64, WATCH_GROWTH_SECONDS = 60 };

struct watch_point {
  double at; /* seconds, of a clock that only goes forward */
  uint64_t resident_bytes, live_bytes;
};

struct watched_program {
  pid_t pid;
  uid_t user;
  struct process_counters process; /* its last ones, once it has ended */
  char *command_line;              /* words separated by blanks; its short name where there is none */
  bool chosen, on_freehold;
  bool ended; /* seen to have ended; is left out of a later look */
  struct memory_counters counters;
  bool has_regions;                 /* whether the kernel lets us look into it; else the next two are 0 */
  uint64_t code_bytes, stack_bytes; /* of addresses: what is resident of them only a deep look tells */
  bool has_heap;                    /* the next two are known */
  uint64_t live_bytes, held_back_bytes;
  bool has_proportional;
  uint64_t proportional_bytes;
  double proportional_age; /* seconds */
  bool has_rates;          /* from the second look on */
  double faults_per_second, major_faults_per_second, processor_percent;
  bool has_growth;
  double growth_seconds, resident_growth_per_minute, live_growth_per_minute; /* live: 0 without has_heap */
  /* For the next look. */
  double looked_at, ended_at, proportional_at, proportional_due;
  size_t point_count;
  struct watch_point points[WATCH_HISTORY];
};

struct watch_wish {
  const pid_t *chosen;
  size_t chosen_count;
  bool only_chosen;          /* and no others, on Freehold or not */
  bool all;                  /* those that don't run on Freehold too */
  double keep_ended_seconds; /* 0: an ended program is in one more look */
};

struct memory_watch {
  struct watched_program **programs; /* by process id */
  size_t count;
  double taken_at;             /* seconds since 1970 */
  double seconds;              /* since the look before; 0 at the first */
  double last;                 /* of the clock that only goes forward */
  struct not_freehold *others; /* processes that need not be looked at again for some time */
  size_t other_count;
};

/* Looks at all of them now. 0, ENOMEM, or why /proc can't be read; the programs are those of the look before then. */
int memory_watch_look(struct memory_watch *watch, const struct watch_wish *wish);
void memory_watch_destroy(struct memory_watch *watch);

#endif
