/*
 * request.h: how `freehold leaks PID` and `freehold gc why PID ADDRESS` ask a process that is running: one with the
 * checking library, or with the collecting one, which answers FH_REQUEST_WHY alone.
 *
 * The process keeps nothing open and leaves no files. What it promises stands in the name of one page that it has
 * mapped, and a line of /proc/PID/maps shows it:
 *
 *     7f12a4c00000-7f12a4c01000 r--s 00000000 00:01 2051   /memfd:freehold-check-1-62 (deleted)
 *
 * FH_REQUEST_MAPPING, the version of this protocol, "-", the number of the signal. A child of fork has the same page
 * and the same handler; after an exec both are gone. A request goes this way:
 *
 *   1. The asker, which must be of the process's user and see it by the same number as it sees itself (one PID
 *      namespace), reads the signal from the mapping. Is the signal in SigCgt of /proc/PID/status, and is there a
 *      thread (/proc/PID/task/TID/status) without it in SigBlk? If not, nobody would answer: say so. root asks as
 *      that user: setresgid, setresuid, then prctl(PR_SET_DUMPABLE, 1), because the process must be able to open the
 *      asker's file.
 *   2. It makes a file of its own, memfd_create("freehold-request", MFD_CLOEXEC), and writes a struct fh_request into
 *      it.
 *   3. It sends the signal with sigqueue(PID, signal, value), where value.sival_int is the file's descriptor. si_pid,
 *      which sigqueue sets, and the descriptor give the process the file: /proc/si_pid/fd/descriptor.
 *   4. The handler appends a struct fh_record_answer with FH_ANSWER_WORKING at once, stops all threads, makes a copy
 *      of the process by fork and lets the threads go on. The copy searches. It appends FH_ANSWER_WORKING a second
 *      time, now with `searcher`, FH_RECORD_PROCESS and FH_RECORD_MAPPINGS, then what was asked for (FH_RECORD_REPORT
 *      of kind leak, or FH_RECORD_CHAIN), then a last struct fh_record_answer whose status isn't FH_ANSWER_WORKING, and
 *      ends.
 *   5. The asker looks at the size of its file now and then. Nothing after FH_REQUEST_PATIENCE_SECONDS: the signal
 *      went elsewhere (the program replaced the handler, or is stopped; State in status tells). `searcher` gone
 *      without a last record (kill(searcher, 0) fails with ESRCH): the copy died, of a memory limit as a rule.
 *
 * Records begin directly behind the struct fh_request and are as in record/report.h; head.pid is the process asked,
 * never the copy.
 */
#ifndef FREEHOLD_RECORD_REQUEST_H
#define FREEHOLD_RECORD_REQUEST_H

#include "record/report.h"

#define FH_REQUEST_MAGIC   0x7165726572664846ull /* "FHfrereq" in memory order */
#define FH_REQUEST_VERSION 1u
/* In /proc/PID/maps, followed by the version, "-" and the signal's number, both decimal. */
#define FH_REQUEST_MAPPING "/memfd:freehold-check-"
/* How long an asker should wait for the first record of an answer. */
#define FH_REQUEST_PATIENCE_SECONDS 5

enum fh_request_kind {
  FH_REQUEST_LEAKS = 1,     /* blocks that nothing points to: FH_RECORD_REPORT of kind leak */
  FH_REQUEST_REACHABLE = 2, /* those, and what is still reachable, with FH_REPORT_REACHABLE */
  FH_REQUEST_WHY = 3,       /* what keeps the block that `address` lies in: one FH_RECORD_CHAIN */
  FH_REQUEST_FENCES = 4,    /* look at the fences of all objects now: FH_RECORD_REPORT for each broken one */
};

struct fh_request {
  uint64_t magic;   /* FH_REQUEST_MAGIC */
  uint32_t version; /* FH_REQUEST_VERSION */
  uint32_t kind;    /* enum fh_request_kind */
  uint64_t address; /* of FH_REQUEST_WHY */
  uint32_t most;    /* records, or steps of a chain, at most; 0: the library's bound */
  uint32_t unused[9];
};

enum fh_answer_status {
  FH_ANSWER_WORKING = 1,      /* the request has arrived */
  FH_ANSWER_DONE = 2,         /* all records are there */
  FH_ANSWER_NOT_KNOWN = 3,    /* a kind or a version this library doesn't know */
  FH_ANSWER_NO_MEMORY = 4,    /* for the copy, or for the search in it; `error` says which errno */
  FH_ANSWER_NOT_POSSIBLE = 5, /* `detail` says why */
};

#define FH_RECORD_ANSWER 32u /* a type of record beside those of enum fh_record_type */

struct fh_record_answer {
  struct fh_record_head head;
  uint32_t status;   /* enum fh_answer_status */
  uint32_t error;    /* an errno value, or 0 */
  uint32_t searcher; /* process id of the copy that searches; 0 before it is at work */
  /* Threads that did not stop, because they block the signal: what they hold in registers was not seen, so a block
   * may be called lost although it isn't. */
  uint32_t threads_missed;
  uint32_t threads;        /* of the process, the missed ones included */
  uint32_t groups_dropped; /* leaks: groups beyond `most`; totals below have them all */
  uint64_t direct_blocks, direct_bytes;
  uint64_t indirect_blocks, indirect_bytes;
  uint64_t reachable_blocks, reachable_bytes;
  uint64_t stopped_nanoseconds; /* how long the program stood still */
  char detail[120];             /* a sentence, or "" */
};

_Static_assert(sizeof(struct fh_request) == 64, "the records of an answer begin at byte 64");

#endif
