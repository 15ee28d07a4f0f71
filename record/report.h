/*
 * report.h: the records that a checked program writes for `freehold check` and `freehold leaks`.
 *
 * The runtime appends records to the file that the option report_file names, each with one write to a descriptor opened
 * with O_APPEND, so that records of several processes and threads never mix. A record is a head, a struct of fixed size,
 * and bytes that the struct announces. All in the byte order and layout of the machine: writer and reader are of one
 * installation, and the version says so. Addresses are the program's; the reader makes lines of them, with the text of
 * the mappings that each process leaves behind.
 */
#ifndef FREEHOLD_RECORD_REPORT_H
#define FREEHOLD_RECORD_REPORT_H

#include <stdint.h>

#define FH_RECORD_MAGIC   0x7472706572664846ull /* "FHfreprt" in memory order */
#define FH_RECORD_VERSION 1u

enum fh_record_type {
  FH_RECORD_PROCESS = 1, /* struct fh_record_process: a checked process begins (also after fork and exec) */
  FH_RECORD_MAPPINGS =
      2,                /* the text of /proc/PID/maps: before the first report, and when something was loaded since */
  FH_RECORD_REPORT = 3, /* struct fh_report */
  FH_RECORD_SUMMARY = 4,   /* struct fh_record_summary: the process ends */
  FH_RECORD_CHAIN = 5,     /* struct fh_record_chain: why a block is still reachable */
  FH_RECORD_BUILD_IDS = 6, /* struct fh_record_build_ids: of what the last mappings of the process name */
};

struct fh_record_head {
  uint64_t magic;
  uint32_t version;
  uint32_t type;  /* enum fh_record_type; a reader skips what it doesn't know */
  uint32_t bytes; /* of the whole record, this head included */
  uint32_t pid;
};

struct fh_record_process {
  struct fh_record_head head;
  uint32_t parent;
  uint32_t bytes; /* of the command line that follows: /proc/PID/cmdline, cut where it is too long */
};

struct fh_record_mappings {
  struct fh_record_head head;
  uint32_t bytes; /* of the text that follows */
  uint32_t unused;
};

/* The build id (NT_GNU_BUILD_ID) of a module as it is in memory: its file may be another one by the time somebody
 * reads the records. */
enum { FH_BUILD_ID_BYTES = 36 };

struct fh_build_id {
  uint64_t start; /* of the module's first mapping */
  uint32_t bytes;
  uint8_t id[FH_BUILD_ID_BYTES];
};

struct fh_record_build_ids {
  struct fh_record_head head;
  uint32_t count; /* struct fh_build_id that follow */
  uint32_t unused;
};

enum fh_report_kind {
#define REPORT_KIND(name, id, cwe, what, advice) FH_REPORT_##name,
#include "record/report_kinds.def"
#undef REPORT_KIND
  FH_REPORT_KINDS
};

/* Which function made an object, or took it back. */
enum fh_family {
  FH_FAMILY_NONE,
  FH_FAMILY_MALLOC, /* and calloc, realloc, the aligned ones, free */
  FH_FAMILY_NEW,
  FH_FAMILY_NEW_ARRAY,
  FH_FAMILY_HEAP,        /* fh_heap_malloc and kin; free and realloc may take them too */
  FH_FAMILY_HEAP_HANDLE, /* fh_heap_create and fh_heap_destroy */
  FH_FAMILIES
};

enum fh_access { FH_ACCESS_UNKNOWN, FH_ACCESS_READ, FH_ACCESS_WRITE, FH_ACCESS_EXECUTE };

enum fh_object_state { FH_OBJECT_NONE, FH_OBJECT_LIVE, FH_OBJECT_FREED };

enum { FH_STACK_FRAMES = 40, FH_THREAD_NAME_BYTES = 16, FH_CALL_BYTES = 32, FH_DETAIL_BYTES = 200 };

/* The first frame is the innermost. A frame is the address of the instruction itself where a fault gave it (`exact`, of
 * frames[0]), else the return address. */
struct fh_report_stack {
  uint32_t count;
  uint32_t thread; /* kernel thread id; 0: not known */
  uint32_t exact;
  uint32_t cut; /* there were more frames */
  char thread_name[FH_THREAD_NAME_BYTES];
  uint64_t frames[FH_STACK_FRAMES];
};

struct fh_report_object {
  uint64_t start, bytes;
  uint32_t state;    /* enum fh_object_state; NONE: there is no object to speak of */
  uint32_t guarded;  /* 1: on pages of its own; 0: fenced */
  uint32_t made_by;  /* enum fh_family */
  uint32_t freed_by; /* enum fh_family */
  struct fh_report_stack allocated, freed;
};

#define FH_REPORT_FATAL 1u /* the program can't go on after it */
#define FH_REPORT_FOUND_LATE                                                                                         \
  2u /* found by what was left behind: `at` is where it was noticed, not where it happened */
#define FH_REPORT_REACHABLE   4u /* a leak record of a block that is still reachable */
#define FH_REPORT_FAILED_CALL 8u /* `object.allocated` is the stack of an allocation that failed on order */

struct fh_report {
  struct fh_record_head head;
  uint32_t kind;  /* enum fh_report_kind */
  uint32_t flags; /* FH_REPORT_* */
  uint64_t address;
  uint64_t access_bytes;   /* 0: not known */
  uint32_t access;         /* enum fh_access */
  uint32_t freed_as;       /* mismatched-free: enum fh_family of the free that was tried */
  uint64_t count;          /* leak: blocks of this stack; else 1 */
  uint64_t direct_bytes;   /* leak: lost themselves */
  uint64_t indirect_count; /* leak: only reachable through the lost ones */
  uint64_t indirect_bytes;
  char call[FH_CALL_BYTES]; /* the libc function that did it: "memcpy"; "": the program's own instruction */
  char detail
      [FH_DETAIL_BYTES]; /* a sentence about the address where there is no object: "4 bytes above null"; or "" */
  struct fh_report_stack at;
  struct fh_report_object object;
  struct fh_report_object earlier; /* who had the address before `object` */
};

/* Counters of one process. */
struct fh_record_summary {
  struct fh_record_head head;
  uint64_t allocations, allocated_bytes; /* calls, and what they asked for, all told */
  uint64_t frees;
  uint64_t guarded, fenced; /* allocations, by what they got */
  uint64_t watched;         /* guarded ones whose first accesses were watched */
  uint64_t watched_accesses;
  uint64_t guard_peak_bytes; /* most memory that guarded objects held */
  uint64_t live_objects, live_bytes, peak_live_bytes;
  uint64_t reports;                      /* written */
  uint64_t reports_dropped;              /* the same again, or beyond the bound */
  uint64_t sites;                        /* distinct allocation stacks */
  uint64_t failed_on_order;              /* allocations that fail_alloc made fail */
  uint64_t leaked_objects, leaked_bytes; /* direct and indirect */
  uint64_t reachable_objects, reachable_bytes;
  uint64_t peak_rss_bytes;
  uint64_t nanoseconds;       /* wall time from the start to here */
  uint64_t check_nanoseconds; /* of them, spent on guarding and watching, as far as it is measured */
  uint32_t leaks_searched;    /* 0: leaked_* say nothing */
  uint32_t unused;
  uint64_t collections; /* of the collector, which took back what was lost; 0: none was at work */
  uint64_t longest_pause_nanoseconds, pause_nanoseconds;
};

/* One step of a chain of references; the last one is the block that was asked for. */
struct fh_chain_step {
  uint64_t from;   /* the address the reference stands at; a register number for FH_ROOT_REGISTER */
  uint64_t object; /* the block it leads to */
  uint64_t object_bytes;
  uint32_t root;  /* enum fh_root of the first step, else 0 */
  uint32_t cycle; /* blocks that form a cycle with this one, 0: none */
  struct fh_report_stack allocated;
  char root_name[64]; /* of the first step: "stack of thread 17", "data of /usr/bin/x", "epoll 5" */
};

enum fh_root {
  FH_ROOT_NONE,
  FH_ROOT_REGISTER,
  FH_ROOT_STACK,
  FH_ROOT_DATA,
  FH_ROOT_THREAD_LOCAL,
  FH_ROOT_KERNEL,
  FH_ROOT_COLLECTOR /* what the program told the collector to keep */
};

struct fh_record_chain {
  struct fh_record_head head;
  uint64_t address; /* asked for */
  uint32_t found;   /* 0: nothing keeps it */
  uint32_t steps;   /* struct fh_chain_step that follow */
};

/* The id of a kind: "heap-buffer-overflow"; what happened; what to do; its CWE number. */
const char *fh_report_kind_id(uint32_t kind);
const char *fh_report_kind_what(uint32_t kind);
const char *fh_report_kind_advice(uint32_t kind);
unsigned fh_report_kind_cwe(uint32_t kind);

#endif
