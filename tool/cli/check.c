/*
 * check.c: `freehold check`. Starts the program with the checking library preloaded, shows what the library reports
 * while it runs, and ends with the program's exit code or one that says what was found.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/check_modes.h"
#include "tool/cli/check_request.h"
#include "tool/cli/check_session.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/launch.h"
#include "tool/cli/message.h"
#include "tool/proc/library.h"
#include "tool/proc/program.h"

/* Finds the program and the library, and says what is in the way. An exit code, or -1. */
static int examine(struct check_session *session) {
  static char reason[PROGRAM_REASON_BYTES];
  _Static_assert(sizeof reason >= LIBRARY_REASON_BYTES, "the same array takes both reasons");
  const struct check_request *request = session->request;
  int error = program_find(request->program[0], getenv("PATH"), session->program);
  if (error != 0)
    return launch_report_not_found(request->program[0], error, request->settings.last_bare);
  if (library_find(LIBRARY_CHECK, session->library, reason) != 0) {
    message_error("%s", reason);
    return EXIT_CODE_NOT_STARTED;
  }
  enum program_verdict verdict = program_examine(session->program, session->library, reason);
  if (verdict == PROGRAM_FITS) {
    if (reason[0] != '\0')
      message_warning("%s", reason);
    return -1;
  }
  if (verdict == PROGRAM_LINKED)
    snprintf(reason, sizeof reason,
             "%s has the heap of Freehold inside, which goes before the checking library. Link it without "
             "libfreehold.a to check it",
             session->program);
  if (!request->force) {
    message_error("%s%s", reason, verdict == PROGRAM_NOT_EXECUTABLE ? "." : "; --force starts it all the same.");
    return verdict == PROGRAM_NOT_EXECUTABLE ? EXIT_CODE_NOT_EXECUTABLE : EXIT_CODE_NOT_POSSIBLE;
  }
  message_warning("%s. It is started all the same (--force).", reason);
  return -1;
}

/* The file is made now, so that a wrong path is told before the program runs. */
static FILE *open_output(const char *flag, const char *path) {
  FILE *file = fopen(path, "we");
  if (file == NULL)
    message_error("%s=%s: %s", flag, path, strerror(errno));
  return file;
}

/* What is lost and not left out: the library's own sum, or, where reports were left out, that of the rest. */
static uint64_t lost_bytes(const struct findings *findings) {
  struct finding_totals totals = findings_totals(findings);
  uint64_t sum = 0;
  for (size_t i = 0; i < findings->count; i++) {
    const struct finding *finding = findings->all[i];
    if (finding->report.kind == FH_REPORT_LEAK && finding->is_error && !finding->suppressed)
      sum += finding->report.direct_bytes + finding->report.indirect_bytes;
  }
  bool all_shown = findings->suppressed == 0 && findings->filtered == 0;
  return all_shown && totals.lost_bytes > sum ? totals.lost_bytes : sum;
}

static int judge(struct check_session *session, bool runs_differ) {
  const struct check_request *request = session->request;
  struct check_outcome *outcome = &session->outcome;
  int own = outcome->run_count > 0 ? outcome->runs[0].code : EXIT_CODE_SUCCESS;
  outcome->lost_bytes = lost_bytes(session->findings);
  outcome->leak_bound_passed = outcome->lost_bytes > request->max_leak;
  outcome->peak_bound_passed = findings_totals(session->findings).peak_live_bytes > request->max_peak;
  bool errors = session->findings->errors > 0;
  if (errors && request->error_code > 0)
    return request->error_code;
  if (own != EXIT_CODE_SUCCESS)
    return own;
  /* A bound says how much may be lost: then leaks alone are judged by it. */
  bool other_errors = false;
  for (size_t i = 0; i < session->findings->count; i++) {
    const struct finding *finding = session->findings->all[i];
    other_errors |= finding->is_error && !finding->suppressed && finding->report.kind != FH_REPORT_LEAK;
  }
  bool leaks_allowed = request->max_leak != UINT64_MAX;
  if (request->error_code != CHECK_OWN_CODE && errors && (other_errors || !leaks_allowed))
    return EXIT_CODE_ERRORS_FOUND;
  if (outcome->leak_bound_passed || outcome->peak_bound_passed)
    return EXIT_CODE_BOUND_PASSED;
  return runs_differ ? EXIT_CODE_RUNS_DIFFER : own;
}

static void name_unused(const struct suppressions *suppressions) {
  for (size_t i = 0; i < suppressions->count; i++)
    if (suppressions->all[i].used == 0)
      message_warning("%s:%u: %s: suppressed nothing", suppressions->all[i].file, suppressions->all[i].number,
                      suppressions->all[i].line);
}

/* Everything is there: the summary, the files, the exit code. */
static int finish(struct check_session *session, bool runs_differ, FILE *json, FILE *sarif) {
  const struct check_request *request = session->request;
  struct check_outcome *outcome = &session->outcome;
  outcome->program = request->program;
  outcome->runs = session->runs;
  outcome->run_count = session->run_count;
  outcome->damaged_bytes = session->reader.skipped;
  outcome->foreign_records = session->reader.foreign;
  outcome->exit_code = judge(session, runs_differ);
  outcome->left_command = request->from_records == NULL ? check_session_look_for_left(session) : NULL;
  outcome->left = session->left;
  outcome->left_count = session->left_count;
  outcome->left_records = option_settings_value(&request->settings, "report_file");
  if (outcome->left_records != NULL && strcmp(outcome->left_records, session->records) == 0 &&
      access(outcome->left_records, F_OK) != 0)
    outcome->left_records = NULL; /* our own, which is gone */
  FILE *summary = request->from_records != NULL ? stdout : stderr;
  if (!request->quiet) {
    check_text_summary(session->findings, outcome, session->style, summary);
    fflush(summary);
  }
  const char *verbose = option_settings_value(&request->settings, "verbose");
  if (verbose != NULL && strcmp(verbose, "on") == 0)
    name_unused(&request->filter.suppressions);
  int result = outcome->exit_code;
  if (json != NULL && check_json_write(session->findings, outcome, json) != 0) {
    message_error("--json=%s: can't be written: %s", request->json_path, strerror(errno));
    result = EXIT_CODE_OUTPUT_LOST;
  }
  if (sarif != NULL && check_sarif_write(session->findings, outcome, sarif) != 0) {
    message_error("--sarif=%s: can't be written: %s", request->sarif_path, strerror(errno));
    result = EXIT_CODE_OUTPUT_LOST;
  }
  return result;
}

static int show_records(struct check_session *session, FILE *json, FILE *sarif) {
  const char *path = session->request->from_records;
  session->record_descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (session->record_descriptor < 0) {
    message_error("--from-records=%s: %s", path, strerror(errno));
    return EXIT_CODE_NOT_STARTED;
  }
  session->reader = record_reader_create(session->record_descriptor, 0);
  check_session_take(session, true);
  if (session->findings->process_count == 0) {
    message_error("%s holds no records of this version of Freehold; freehold check --report-file=FILE leaves them",
                  path);
    return EXIT_CODE_NOT_STARTED;
  }
  int result = finish(session, false, json, sarif);
  int written = message_finish_output();
  return written != EXIT_CODE_SUCCESS ? EXIT_CODE_OUTPUT_LOST : result;
}

static int run_program(struct check_session *session, FILE *json, FILE *sarif) {
  int result = check_session_begin(session);
  if (result >= 0)
    return result;
  bool differ = false;
  result = session->request->two_fills    ? check_mode_two_fills(session, &differ)
           : session->request->every_site ? check_mode_every_site(session)
                                          : check_mode_once(session);
  check_session_end(session);
  check_session_take(session, true);
  return result >= 0 ? result : finish(session, differ, json, sarif);
}

int command_check(int count, char **arguments) {
  static struct check_request request;
  static struct check_session session;
  int result = check_request_read(&request, count, arguments);
  if (result >= 0) {
    check_request_destroy(&request);
    return result;
  }
  FILE *text_to = request.from_records != NULL ? stdout : stderr;
  struct message_style style = message_style_of(text_to);
  session = (struct check_session){
      .request = &request,
      .findings = findings_create(&request.filter),
      .text = request.no_text ? NULL : text_to,
      .style = {style.bold, style.red, style.yellow, style.plain},
      .record_descriptor = -1,
  };
  FILE *json = NULL, *sarif = NULL;
  if (request.program != NULL)
    result = examine(&session);
  if (result < 0 && request.json_path != NULL && (json = open_output("--json", request.json_path)) == NULL)
    result = EXIT_CODE_NOT_STARTED;
  if (result < 0 && request.sarif_path != NULL && (sarif = open_output("--sarif", request.sarif_path)) == NULL)
    result = EXIT_CODE_NOT_STARTED;
  if (result < 0)
    result = request.from_records != NULL ? show_records(&session, json, sarif) : run_program(&session, json, sarif);
  if (json != NULL)
    fclose(json);
  if (sarif != NULL)
    fclose(sarif);
  check_session_destroy(&session);
  check_request_destroy(&request);
  return result;
}
