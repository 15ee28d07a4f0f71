/*
 * table.h: what the user sees of a run: while it goes on, a table that is drawn anew on a terminal, or a line for
 * each thing worth one; and a table at the end.
 */
#ifndef FREEHOLD_SUPERVISE_TABLE_H
#define FREEHOLD_SUPERVISE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/supervise/job.h"

struct table {
  bool live;      /* standard error is a terminal, and the table was not refused */
  bool quiet;     /* nothing but what failed */
  unsigned lines; /* of it that stand on the terminal now */
  uint64_t drawn_at;
};

/* What the table shows beside the programs. */
struct table_facts {
  const struct job *jobs;
  size_t count;
  uint64_t budget, held, now;
  unsigned most; /* that may run at a time */
};

void table_begin(struct table *table, bool refused, bool quiet);
/* Takes it off the terminal, for something else to be written there. */
void table_hide(struct table *table);
/* Draws it, when it is time to. Returns when it will be again, in nanoseconds from now. */
uint64_t table_show(struct table *table, const struct table_facts *facts);

/* A line: "freehold: [3] paused: ...". Number 0: about the run. */
void table_say(struct table *table, unsigned number, const char *sentence);

/* The table at the end. */
void table_end(struct table *table, const struct table_facts *facts);

/* Why a program is not running now, in a word or two. */
const char *table_state_text(const struct job *job);

#endif
