/*
 * memory_counters.h: the counters that the kernel keeps of a process anyway. Reading them walks nothing and takes
 * no lock of the process.
 */
#ifndef FREEHOLD_PROC_MEMORY_COUNTERS_H
#define FREEHOLD_PROC_MEMORY_COUNTERS_H

#include <stdint.h>
#include <sys/types.h>

/* resident_bytes = resident_anonymous_bytes + resident_file_bytes + resident_shared_memory_bytes
 *
 * MEMORY_COUNTER(name, "name in /proc/PID/status", label): one list. All but `threads` in bytes. */
#define MEMORY_COUNTERS(MEMORY_COUNTER)                                                                              \
  MEMORY_COUNTER(reserved_bytes, "VmSize", "reserved")                                                               \
  MEMORY_COUNTER(resident_bytes, "VmRSS", "resident")                                                                \
  MEMORY_COUNTER(resident_anonymous_bytes, "RssAnon", "resident, anonymous")                                         \
  MEMORY_COUNTER(resident_file_bytes, "RssFile", "resident, of files")                                               \
  MEMORY_COUNTER(resident_shared_memory_bytes, "RssShmem", "resident, shared memory")                                \
  MEMORY_COUNTER(peak_resident_bytes, "VmHWM", "resident, at most")                                                  \
  MEMORY_COUNTER(swapped_bytes, "VmSwap", "swapped")                                                                 \
  MEMORY_COUNTER(locked_bytes, "VmLck", "locked")                                                                    \
  MEMORY_COUNTER(huge_pool_bytes, "HugetlbPages", "huge pool")                                                       \
  MEMORY_COUNTER(page_table_bytes, "VmPTE", "page tables")                                                           \
  MEMORY_COUNTER(threads, "Threads", "threads")

struct memory_counters {
#define MEMORY_COUNTER(name, status, label) uint64_t name;
  MEMORY_COUNTERS(MEMORY_COUNTER)
#undef MEMORY_COUNTER
};

/* 0, ESRCH, EACCES or EPERM. A process without memory (a kernel thread) has only threads. */
int memory_counters_read(pid_t pid, struct memory_counters *out);

/* The process's PSS as the kernel adds it up, from smaps_rollup: walks all its page tables, so for many resident
 * gigabytes it takes tenths of a second of the kernel's time. 0 or an errno; EACCES without the right to trace the
 * process. */
int memory_counters_read_proportional(pid_t pid, uint64_t *bytes);

#endif
