/* check_request.h: what the command line of `freehold check` asks for. */
#ifndef FREEHOLD_CLI_CHECK_REQUEST_H
#define FREEHOLD_CLI_CHECK_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/report/findings.h"

enum { CHECK_OWN_CODE = 0, CHECK_CODE_NOT_GIVEN = -1 };

struct check_request {
  struct option_settings settings;
  struct finding_filter filter;
  const char *json_path, *sarif_path, *from_records; /* NULL: not asked for */
  int error_code;                                    /* CHECK_CODE_NOT_GIVEN, CHECK_OWN_CODE or the code */
  uint64_t max_leak, max_peak;                       /* UINT64_MAX: no bound */
  double timeout;                                    /* seconds; 0: none */
  double wait; /* seconds, for what the program leaves behind; may be INFINITY */
  bool no_follow, two_fills, every_site, no_text, quiet, force;
  char **program; /* NULL-ended; NULL with from_records */
};

/* An exit code after saying what is wrong (or showing the help), or -1 to go on. */
int check_request_read(struct check_request *request, int count, char **arguments);
void check_request_destroy(struct check_request *request);

/* "2.5" seconds, up to a day; false when it is none. */
bool check_read_seconds(const char *text, double *seconds);

#endif
