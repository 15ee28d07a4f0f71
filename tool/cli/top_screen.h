/* top_screen.h: `freehold top` on a terminal. */
#ifndef FREEHOLD_CLI_TOP_SCREEN_H
#define FREEHOLD_CLI_TOP_SCREEN_H

#include "tool/report/top_report.h"

struct top_request {
  struct watch_wish wish;
  struct top_view view;
  double delay;        /* seconds */
  uint64_t iterations; /* 0: without end */
  bool batch, json;
};

/* Shows it until it is told to quit; the terminal is as before then. Returns the exit code. */
int top_screen_run(const struct top_request *request);

#endif
