/*
 * output.h: what programs write, on its way through the supervisor.
 *
 * Only where it has to be: with --tag, and where a table stands on the terminal that they write to. All other
 * programs write to the supervisor's own streams directly. Lines come out whole. While a stream takes nothing more,
 * what is read of the programs is bounded, so they wait for their reader as they would without us; the supervisor
 * itself never does.
 */
#ifndef FREEHOLD_SUPERVISE_OUTPUT_H
#define FREEHOLD_SUPERVISE_OUTPUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "tool/report/memory.h"

enum output_stream { OUTPUT_STANDARD, OUTPUT_ERROR, OUTPUT_STREAMS };

/* One program's pipe for one stream. */
struct output_pipe {
  int descriptor; /* -1: free */
  enum output_stream stream;
  unsigned number;  /* of the program */
  struct text line; /* what has come of a line that is not whole */
  size_t polled;    /* its place among what is polled; OUTPUT_NOT_POLLED */
};

struct output {
  bool tag;                            /* each line begins with "[number] " */
  bool relayed[OUTPUT_STREAMS];        /* this stream goes through here */
  struct text waiting[OUTPUT_STREAMS]; /* what has not been written yet */
  bool lost[OUTPUT_STREAMS];           /* nobody reads it any more */
  size_t polled[OUTPUT_STREAMS];
  struct output_pipe *pipes;
  size_t pipe_count, pipe_room;
  /* Called before something is written to a terminal, where a table may stand. */
  void (*before)(void *context);
  void *context;
};

/* A descriptor for the program to write to, above 2; or -1 with errno. */
int output_open(struct output *output, enum output_stream stream, unsigned number);

/* Adds what is to be polled, and takes notice of what came of it. */
size_t output_add_polled(struct output *output, struct pollfd *to, size_t count);
void output_take_polled(struct output *output, const struct pollfd *polled);
/* How many more entries output_add_polled may need. */
size_t output_polled_most(const struct output *output);

/* Reads what is left of the pipes and writes all that waits, waiting for readers. With number 0 of all programs. */
void output_finish(struct output *output, unsigned number);
void output_destroy(struct output *output);

#endif
