/*
 * findings.h: what the records of a run come to: the processes, their summaries, and each report once, as functions and
 * lines.
 *
 * A report that came before, in this or another process, is counted and not kept. Which reports are left out altogether
 * is in the filter.
 */
#ifndef FREEHOLD_REPORT_FINDINGS_H
#define FREEHOLD_REPORT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/report.h"
#include "record/request.h"
#include "tool/report/frames.h"
#include "tool/report/suppressions.h"

/* A program in a process: it begins anew after fork and after exec. */
struct checked_process {
  uint32_t pid, parent;
  unsigned run;              /* of a mode that runs the program several times; the first is 1 */
  char *command_line;        /* "prog -x file", clean */
  struct mappings *mappings; /* the last that came; earlier ones live on in frames */
  bool has_summary;
  struct fh_record_summary summary;
};

struct finding_object {
  struct frames allocated, freed;
};

struct finding {
  struct fh_report report;
  const struct checked_process *process; /* the first one it came from */
  char *sentence;
  char *suppression; /* the line that would leave it out */
  bool is_error;     /* not only told for completeness */
  bool suppressed;
  uint64_t times;
  uint64_t fingerprint;              /* the same for the same error from run to run, while the program is the same */
  int64_t grown_bytes, grown_blocks; /* of a leak, since the look before (findings_compare) */
  struct frames at;
  struct finding_object object, earlier;
};

/* What a chain record says: what keeps a block. */
struct finding_chain {
  uint64_t address;
  bool found;
  struct fh_chain_step *steps;
  struct frames *allocated; /* one for each step */
  size_t count;
};

struct finding_filter {
  struct suppressions suppressions;
  const char **ignored, **only; /* modules */
  size_t ignored_count, only_count;
  uint32_t only_pid;         /* 0: all processes */
  bool without_suppressions; /* the command takes none: then no finding says how to leave it out */
};

struct findings {
  struct finding_filter *filter;
  struct symbols *symbols;
  unsigned run;
  struct checked_process **processes; /* in the order they began */
  size_t process_count, process_room;
  struct mappings **mappings; /* all that came */
  size_t mappings_count, mappings_room;
  struct finding **all; /* in the order they came; suppressed ones too */
  size_t count, room;
  struct finding **table; /* by fingerprint */
  size_t table_room;
  double compared_seconds; /* since the look that this one was compared with; 0: with none */
  struct finding_chain *chains;
  size_t chain_count, chain_room;
  struct fh_record_answer answer; /* the last one that came */
  uint64_t reports;               /* shown or repeated */
  uint64_t errors;                /* of them, errors; repeated ones too */
  uint64_t suppressed, filtered;  /* reports */
};

struct findings *findings_create(struct finding_filter *filter);
void findings_destroy(struct findings *findings);

/* Takes one sound record. The new finding it makes, when it is one to show, else NULL. */
const struct finding *findings_take(struct findings *findings, const struct fh_record_head *record);

/* Notes at each leak how much more of it there is than in `before`, an earlier look at the same process, and puts those
 * that grew most first. */
void findings_compare(struct findings *findings, const struct findings *before, double seconds);
/* How many grew. */
size_t findings_grown(const struct findings *findings);

/* The stack that says where it happened: `at`, or, for a leak, where the block was allocated. */
const struct frames *finding_place(const struct finding *finding);

/* Sums over all processes. What is lost, reachable or held at most is that of the process that has most: after a fork
 * two processes hold, and lose, the same blocks. */
struct finding_totals {
  uint64_t processes, summaries;
  uint64_t allocations, allocated_bytes, frees, guarded, fenced, watched, dropped, failed_on_order;
  uint64_t lost_objects, lost_bytes, reachable_objects, reachable_bytes;
  uint64_t peak_live_bytes, peak_rss_bytes, guard_peak_bytes;
  double seconds, check_seconds, pause_seconds; /* of the process that took longest */
  double longest_pause_seconds;
  uint64_t collections; /* by the collector; of the process with most */
  bool leaks_searched;  /* in at least one */
};
struct finding_totals findings_totals(const struct findings *findings);

#endif
