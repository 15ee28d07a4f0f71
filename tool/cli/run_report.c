#include "tool/cli/run_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/check_session.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"

/* Processes that the program leaves behind are waited for so long; what they lose later is not listed. */
static const double seconds_for_left = 1;

static int show(struct check_session *session, FILE *json) {
  struct check_outcome *outcome = &session->outcome;
  outcome->program = session->request->program;
  outcome->runs = session->runs;
  outcome->run_count = session->run_count;
  outcome->damaged_bytes = session->reader.skipped;
  outcome->foreign_records = session->reader.foreign;
  outcome->exit_code = session->run_count > 0 ? session->runs[0].code : EXIT_CODE_SUCCESS;
  check_text_taken_back(session->findings, outcome, session->style, stderr);
  if (json != NULL && check_json_write(session->findings, outcome, json) != 0) {
    message_error("--json=%s: can't be written: %s", session->request->json_path, strerror(errno));
    return EXIT_CODE_OUTPUT_LOST;
  }
  return outcome->exit_code;
}

int run_with_report(struct option_settings *settings, const char *path, char **program, const char *library,
                    const char *json_path) {
  static struct check_session session;
  struct check_request request = {.settings = *settings,
                                  .json_path = json_path,
                                  .wait = seconds_for_left,
                                  .program = program,
                                  .filter = {.without_suppressions = true}};
  struct message_style style = message_style_of(stderr);
  session = (struct check_session){
      .request = &request,
      .findings = findings_create(&request.filter),
      .style = {style.bold, style.red, style.yellow, style.plain},
      .record_descriptor = -1,
  };
  snprintf(session.program, sizeof session.program, "%s", path);
  snprintf(session.library, sizeof session.library, "%s", library != NULL ? library : "");
  FILE *json = NULL;
  int result = -1;
  if (json_path != NULL && (json = fopen(json_path, "we")) == NULL) {
    message_error("--json=%s: %s", json_path, strerror(errno));
    result = EXIT_CODE_NOT_STARTED;
  }
  if (result < 0)
    result = check_session_begin(&session);
  if (result < 0) {
    static const struct check_plan plain_plan = {.input = -1, .output = -1, .error = -1, .fill = -1};
    result = check_session_run(&session, plain_plan);
    check_session_end(&session);
    check_session_take(&session, true);
    if (result < 0)
      result = show(&session, json);
  }
  if (json != NULL)
    fclose(json);
  check_session_destroy(&session);
  return result;
}
