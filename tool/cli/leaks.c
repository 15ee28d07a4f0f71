/* leaks.c: `freehold leaks`: asks a checked process what it has lost, and shows the answer. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/request.h"
#include "tool/cli/check_request.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/proc/process.h"
#include "tool/proc/request.h"
#include "tool/report/check_report.h"
#include "tool/report/records.h"

struct leaks_request {
  pid_t pid;
  struct fh_request request;
  bool json;
  double timeout;
};

/* An exit code, or -1 to go on. */
static int read_pid(const char *text, pid_t *pid) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || number <= 0 || number != (pid_t)number) {
    message_error("%s: not a process id; pgrep NAME or ps finds them", text);
    return EXIT_CODE_USAGE;
  }
  *pid = (pid_t)number;
  return -1;
}

static int take_valued(struct leaks_request *leaks, const char *flag, const char *value) {
  if (strcmp(flag, "--timeout") == 0) {
    if (check_read_seconds(value, &leaks->timeout))
      return -1;
    message_error("--timeout=%s: it takes seconds, up to a day", value);
    return EXIT_CODE_USAGE;
  }
  char *end;
  errno = 0;
  leaks->request.address = strtoull(value, &end, 0);
  if (end == value || *end != '\0' || errno != 0 || value[0] == '-') {
    message_error("--why=%s: not an address; write it like 0x7f12a4c00010, as reports do", value);
    return EXIT_CODE_USAGE;
  }
  leaks->request.kind = FH_REQUEST_WHY;
  return -1;
}

/* An exit code, or -1 to go on. */
static int read_arguments(int count, char **arguments, struct leaks_request *leaks) {
  static const char *const valued[] = {"--why", "--timeout"};
  const char *pid_text = NULL;
  bool flags_end = false;
  for (int at = 1; at < count; at++) {
    const char *argument = arguments[at];
    if (flags_end || argument[0] != '-') {
      if (pid_text != NULL) {
        message_error("leaks asks one process; leave out %s", argument);
        return EXIT_CODE_USAGE;
      }
      pid_text = argument;
      continue;
    }
    if (command_wants_help(argument)) {
      help_write_command(stdout, command_find("leaks"));
      return message_finish_output();
    }
    const char *flag = NULL;
    size_t length = strcspn(argument, "=");
    for (size_t i = 0; i < sizeof valued / sizeof valued[0]; i++)
      if (strlen(valued[i]) == length && strncmp(argument, valued[i], length) == 0)
        flag = valued[i];
    if (flag != NULL) {
      const char *value = argument[length] == '=' ? argument + length + 1 : at + 1 < count ? arguments[++at] : "";
      int result = take_valued(leaks, flag, value);
      if (result >= 0)
        return result;
    } else if (strcmp(argument, "--") == 0) {
      flags_end = true;
    } else if (strcmp(argument, "--json") == 0) {
      leaks->json = true;
    } else if (strcmp(argument, "--reachable") == 0) {
      leaks->request.kind = FH_REQUEST_REACHABLE;
    } else if (strcmp(argument, "--fences") == 0) {
      leaks->request.kind = FH_REQUEST_FENCES;
    } else {
      return command_unknown_flag(command_find("leaks"), argument);
    }
  }
  if (pid_text == NULL) {
    message_error("leaks: which process? Write: freehold leaks PID");
    return EXIT_CODE_USAGE;
  }
  return read_pid(pid_text, &leaks->pid);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int report_silence(const struct leaks_request *leaks, const struct fh_record_answer *answer) {
  if (process_has_ended(leaks->pid)) {
    message_error("process %ld ended before it had answered", (long)leaks->pid);
    return EXIT_CODE_NO_PROCESS;
  }
  if (answer->searcher != 0 && kill((pid_t)answer->searcher, 0) != 0 && errno == ESRCH)
    message_error("the copy of process %ld that searched was ended, as a rule for want of memory", (long)leaks->pid);
  else if (answer->status == FH_ANSWER_WORKING)
    message_error("process %ld has not finished its answer; give it longer with --timeout", (long)leaks->pid);
  else
    message_error("process %ld does not answer: it may be stopped, or blocked in the kernel", (long)leaks->pid);
  return EXIT_CODE_NO_ANSWER;
}

/* Takes the answer's records as they come; text is shown at once. An exit code after saying why there is no whole answer,
 * or -1. */
static int take_answer(const struct leaks_request *leaks, struct record_reader *reader, struct findings *findings,
                       struct check_style style) {
  static const struct timespec pause = {0, 20000000};
  double patience = leaks->timeout < FH_REQUEST_PATIENCE_SECONDS ? leaks->timeout : FH_REQUEST_PATIENCE_SECONDS;
  double start = now();
  const struct fh_record_answer *answer = &findings->answer;
  while (answer->status <= FH_ANSWER_WORKING) {
    /* Asked before the file is read: what ended since has written all it had. */
    bool gone = process_has_ended(leaks->pid) ||
                (answer->searcher != 0 && kill((pid_t)answer->searcher, 0) != 0 && errno == ESRCH);
    const struct fh_record_head *record;
    while (answer->status <= FH_ANSWER_WORKING && (record = record_reader_next(reader, false)) != NULL) {
      const struct finding *finding = findings_take(findings, record);
      if (finding != NULL && !leaks->json)
        check_text_finding(finding, style, stdout);
    }
    if (answer->status > FH_ANSWER_WORKING)
      break;
    if (gone || now() - start > (answer->status == FH_ANSWER_WORKING ? leaks->timeout : patience))
      return report_silence(leaks, answer);
    nanosleep(&pause, NULL);
  }
  switch (answer->status) {
  case FH_ANSWER_DONE:
    return -1;
  case FH_ANSWER_NOT_KNOWN:
    message_error(
        "process %ld runs with a checking library that can't answer this. Use the freehold command that came "
        "with it",
        (long)leaks->pid);
    return EXIT_CODE_NOT_CHECKED;
  case FH_ANSWER_NO_MEMORY:
    message_error("there was no memory for the search in process %ld: %s", (long)leaks->pid,
                  strerror((int)answer->error));
    return EXIT_CODE_FAILURE;
  default:
    message_error("process %ld can't answer: %s", (long)leaks->pid, answer->detail);
    return EXIT_CODE_FAILURE;
  }
}

static void write_text(const struct leaks_request *leaks, const struct findings *findings, struct check_style style) {
  const struct fh_record_answer *answer = &findings->answer;
  for (size_t i = 0; i < findings->chain_count; i++)
    check_text_chain(&findings->chains[i], style, stdout);
  if (leaks->request.kind == FH_REQUEST_FENCES)
    printf("freehold: %llu broken fence%s in process %ld\n", (unsigned long long)findings->errors,
           findings->errors == 1 ? "" : "s", (long)leaks->pid);
  if (leaks->request.kind == FH_REQUEST_LEAKS || leaks->request.kind == FH_REQUEST_REACHABLE) {
    printf("freehold: process %ld has lost %llu bytes in %llu blocks", (long)leaks->pid,
           (unsigned long long)(answer->direct_bytes + answer->indirect_bytes),
           (unsigned long long)(answer->direct_blocks + answer->indirect_blocks));
    printf("; %llu bytes in %llu blocks are still reachable\n", (unsigned long long)answer->reachable_bytes,
           (unsigned long long)answer->reachable_blocks);
  }
  if (answer->groups_dropped > 0)
    printf("  %u more places are not listed\n", answer->groups_dropped);
  if (answer->threads_missed > 0)
    printf("  %u of %u threads did not stop: a block that only they hold may be called lost\n",
           answer->threads_missed, answer->threads);
  printf("  the process stood still for %.1f ms\n", (double)answer->stopped_nanoseconds / 1e6);
}

static int show(const struct leaks_request *leaks, struct findings *findings, struct check_style style) {
  uint32_t kind = leaks->request.kind;
  bool kept = findings->chain_count > 0 && findings->chains[0].found;
  bool good = kind == FH_REQUEST_WHY ? kept : findings->errors == 0;
  if (!leaks->json) {
    write_text(leaks, findings, style);
  } else {
    struct check_outcome outcome = {.exit_code = good ? EXIT_CODE_NOTHING_LOST : EXIT_CODE_BLOCKS_LOST};
    if (kind == FH_REQUEST_WHY || kind == FH_REQUEST_FENCES)
      findings->answer.status = 0; /* its totals of leaks say nothing */
    check_json_write(findings, &outcome, stdout);
  }
  int written = message_finish_output();
  return written != EXIT_CODE_SUCCESS ? written : good ? EXIT_CODE_NOTHING_LOST : EXIT_CODE_BLOCKS_LOST;
}

int command_leaks(int count, char **arguments) {
  static const double default_timeout = 30;
  struct leaks_request leaks = {
      .timeout = default_timeout,
      .request = {.magic = FH_REQUEST_MAGIC, .version = FH_REQUEST_VERSION, .kind = FH_REQUEST_LEAKS}};
  int result = read_arguments(count, arguments, &leaks);
  if (result >= 0)
    return result;
  static const int codes[] = {
      [REQUEST_NO_PROCESS] = EXIT_CODE_NO_PROCESS,
      [REQUEST_NOT_CHECKED] = EXIT_CODE_NOT_CHECKED,
      [REQUEST_NOT_PERMITTED] = EXIT_CODE_NOT_PERMITTED,
      [REQUEST_NOT_HEARD] = EXIT_CODE_NO_ANSWER,
      [REQUEST_FAILED] = EXIT_CODE_FAILURE,
  };
  char reason[REQUEST_REASON_BYTES];
  int descriptor = -1;
  enum request_result sent = request_send(leaks.pid, &leaks.request, &descriptor, reason);
  if (sent != REQUEST_SENT) {
    message_error("%s", reason);
    return codes[sent];
  }
  struct finding_filter filter = {0};
  struct findings *findings = findings_create(&filter);
  struct record_reader reader = record_reader_create(descriptor, sizeof(struct fh_request));
  struct message_style colours = message_style_of(stdout);
  struct check_style style = {colours.bold, colours.red, colours.yellow, colours.plain};
  result = take_answer(&leaks, &reader, findings, style);
  if (result < 0)
    result = show(&leaks, findings, style);
  record_reader_destroy(&reader);
  close(descriptor);
  findings_destroy(findings);
  return result;
}
