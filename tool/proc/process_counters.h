/* process_counters.h: what /proc/PID/stat has of a process: its name, its state, what it has used and suffered. */
#ifndef FREEHOLD_PROC_PROCESS_COUNTERS_H
#define FREEHOLD_PROC_PROCESS_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

struct process_counters {
  pid_t parent;
  char name[64];
  char state;           /* 'R', 'S', 'D', 'T', 'Z' ... as ps has them */
  uint64_t start_ticks; /* with the process id it says which process this is: ids are used again */
  uint64_t minor_faults, major_faults;
  uint64_t processor_nanoseconds; /* user and system, of all its threads */
};

/* 0, ESRCH, or another errno. */
int process_counters_read(pid_t pid, struct process_counters *out);

#endif
