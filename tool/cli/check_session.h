/*
 * check_session.h: a checked program's runs, and what their records say while they come.
 *
 * The records stand in a file of a directory that only this user can enter; both are gone when the last run has ended,
 * however it did. While a program runs, this process keeps the signals of the terminal for it: it ends when the program
 * does.
 */
#ifndef FREEHOLD_CLI_CHECK_SESSION_H
#define FREEHOLD_CLI_CHECK_SESSION_H

#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "tool/cli/check_request.h"
#include "tool/report/check_report.h"
#include "tool/report/records.h"

struct check_session {
  struct check_request *request;
  struct findings *findings;
  struct check_outcome outcome;
  struct check_run *runs;
  size_t run_count, run_room;
  struct record_reader reader;
  FILE *text; /* where reports go; NULL: nowhere */
  struct check_style style;
  char program[PATH_MAX], library[PATH_MAX];
  char directory[PATH_MAX], records[PATH_MAX]; /* "" when there is none */
  int record_descriptor;
  sigset_t awaited, earlier;                    /* signals kept while the program runs; the mask before */
  struct sigaction earlier_child, earlier_pipe; /* what SIGCHLD and SIGPIPE did before */
  bool interrupted;
  uint32_t *left; /* processes that outlived the program, and are still there */
  size_t left_count, left_room;
};

/* Prints the records that have come. With `last` no more will. */
void check_session_take(struct check_session *session, bool last);

/* Makes the directory and the file, and keeps the signals. An exit code after saying why not, or -1. */
int check_session_begin(struct check_session *session);
/* Removes them; signals are as before. */
void check_session_end(struct check_session *session);

/* Frees what it holds, its findings too; the request stays its owner's. */
void check_session_destroy(struct check_session *session);

/* The processes that are checked and have not ended, in session->left; the command line of one of them, or NULL. */
const char *check_session_look_for_left(struct check_session *session);

/* What is special about one run. Descriptors: -1 for this process's own. */
struct check_plan {
  int input, output, error;
  int fill;             /* -1: as the options say */
  unsigned failed_site; /* 0: as the options say */
};

/* Runs the program once, to its end, and waits as long as the request says for processes that it leaves behind. An exit code after saying why it could not be started, or -1; then the last of
 * session->runs says how it ended. */
int check_session_run(struct check_session *session, struct check_plan plan);

#endif
