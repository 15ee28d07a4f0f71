#include "tool/cli/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/proc/process.h"
#include "tool/report/check_report.h"
#include "tool/report/records.h"

int ask_read_pid(const char *text, pid_t *pid) {
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

int ask_read_address(const char *flag, const char *text, uint64_t *address) {
  char *end;
  errno = 0;
  *address = strtoull(text, &end, 0);
  if (end != text && *end == '\0' && errno == 0 && text[0] != '-')
    return -1;
  message_error("%s%s: not an address; write it like 0x7f12a4c00010, as reports do", flag, text);
  return EXIT_CODE_USAGE;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int report_silence(const struct ask *ask, const struct fh_record_answer *answer) {
  if (answer->searcher != 0 && process_has_ended((pid_t)answer->searcher)) {
    message_error("the copy of process %ld that searched was ended, as a rule for want of memory", (long)ask->pid);
    return EXIT_CODE_NO_ANSWER;
  }
  if (process_has_ended(ask->pid)) {
    message_error("process %ld ended before it had answered", (long)ask->pid);
    return EXIT_CODE_NO_PROCESS;
  }
  if (answer->status == FH_ANSWER_WORKING)
    message_error("process %ld has not finished its answer; give it longer with --timeout", (long)ask->pid);
  else
    message_error("process %ld does not answer: it may be stopped, or blocked in the kernel", (long)ask->pid);
  return EXIT_CODE_NO_ANSWER;
}

/* Takes the answer's records as they come; text is shown at once. An exit code after saying why there is no whole answer,
 * or -1. */
static int take_answer(const struct ask *ask, struct record_reader *reader, struct findings *findings,
                       struct check_style style) {
  static const struct timespec pause = {0, 20000000};
  double patience = ask->timeout < FH_REQUEST_PATIENCE_SECONDS ? ask->timeout : FH_REQUEST_PATIENCE_SECONDS;
  double start = now();
  const struct fh_record_answer *answer = &findings->answer;
  while (answer->status <= FH_ANSWER_WORKING) {
    /* Asked before the file is read: what ended since has written all it had. */
    bool gone = process_has_ended(answer->searcher != 0 ? (pid_t)answer->searcher : ask->pid);
    const struct fh_record_head *record;
    while (answer->status <= FH_ANSWER_WORKING && (record = record_reader_next(reader, false)) != NULL) {
      const struct finding *finding = findings_take(findings, record);
      if (finding != NULL && !ask->json && ask->growth <= 0)
        check_text_finding(finding, style, stdout);
    }
    if (answer->status > FH_ANSWER_WORKING)
      break;
    if (gone || now() - start > (answer->status == FH_ANSWER_WORKING ? ask->timeout : patience))
      return report_silence(ask, answer);
    nanosleep(&pause, NULL);
  }
  return -1;
}

/* An exit code after saying why the answer is none, or -1. */
static int judge_answer(const struct ask *ask, const struct fh_record_answer *answer) {
  switch (answer->status) {
  case FH_ANSWER_DONE:
    return -1;
  case FH_ANSWER_NOT_KNOWN:
    message_error("process %ld runs with a library that can't answer this. Use the freehold command that came "
                  "with it",
                  (long)ask->pid);
    return EXIT_CODE_NOT_CHECKED;
  case FH_ANSWER_NO_MEMORY:
    message_error("there was no memory for the search in process %ld: %s", (long)ask->pid,
                  strerror((int)answer->error));
    return EXIT_CODE_FAILURE;
  default:
    message_error("process %ld can't answer: %s", (long)ask->pid, answer->detail);
    return EXIT_CODE_FAILURE;
  }
}

static void write_text(const struct ask *ask, const struct findings *findings, struct check_style style) {
  const struct fh_record_answer *answer = &findings->answer;
  for (size_t i = 0; i < findings->count && ask->growth > 0; i++)
    check_text_finding(findings->all[i], style, stdout);
  for (size_t i = 0; i < findings->chain_count; i++)
    check_text_chain(&findings->chains[i], style, stdout);
  if (ask->request.kind == FH_REQUEST_FENCES)
    printf("freehold: %llu broken fence%s in process %ld\n", (unsigned long long)findings->errors,
           findings->errors == 1 ? "" : "s", (long)ask->pid);
  if (ask->request.kind == FH_REQUEST_LEAKS || ask->request.kind == FH_REQUEST_REACHABLE) {
    printf("freehold: process %ld has lost %llu bytes in %llu blocks", (long)ask->pid,
           (unsigned long long)(answer->direct_bytes + answer->indirect_bytes),
           (unsigned long long)(answer->direct_blocks + answer->indirect_blocks));
    printf("; %llu bytes in %llu blocks are still reachable\n", (unsigned long long)answer->reachable_bytes,
           (unsigned long long)answer->reachable_blocks);
  }
  if (ask->growth > 0)
    printf("  %zu of %zu places grew in the %.1f s between two looks\n", findings_grown(findings), findings->count,
           findings->compared_seconds);
  if (answer->groups_dropped > 0)
    printf("  %u more places are not listed\n", answer->groups_dropped);
  if (answer->threads_missed > 0)
    printf("  %u of %u threads did not stop: a block that only they hold may be called lost\n",
           answer->threads_missed, answer->threads);
  printf("  the process stood still for %.1f ms\n", (double)answer->stopped_nanoseconds / 1e6);
}

static int show(const struct ask *ask, struct findings *findings, struct check_style style) {
  uint32_t kind = ask->request.kind;
  bool kept = findings->chain_count > 0 && findings->chains[0].found;
  bool good = kind == FH_REQUEST_WHY ? kept : findings->errors == 0;
  if (!ask->json) {
    write_text(ask, findings, style);
  } else {
    struct check_outcome outcome = {.exit_code = good ? EXIT_CODE_NOTHING_LOST : EXIT_CODE_BLOCKS_LOST};
    if (kind == FH_REQUEST_WHY || kind == FH_REQUEST_FENCES)
      findings->answer.status = 0; /* its totals of leaks say nothing */
    check_json_write(findings, &outcome, stdout);
  }
  int written = message_finish_output();
  return written != EXIT_CODE_SUCCESS ? written : good ? EXIT_CODE_NOTHING_LOST : EXIT_CODE_BLOCKS_LOST;
}

static int ask_once(const struct ask *ask, struct findings *findings, struct check_style style) {
  static const int codes[] = {
      [REQUEST_NO_PROCESS] = EXIT_CODE_NO_PROCESS,
      [REQUEST_NOT_CHECKED] = EXIT_CODE_NOT_CHECKED,
      [REQUEST_NOT_PERMITTED] = EXIT_CODE_NOT_PERMITTED,
      [REQUEST_NOT_HEARD] = EXIT_CODE_NO_ANSWER,
      [REQUEST_FAILED] = EXIT_CODE_FAILURE,
  };
  char reason[REQUEST_REASON_BYTES];
  int descriptor = -1;
  enum request_result sent = request_send(ask->pid, &ask->request, &ask->asker, &descriptor, reason);
  if (sent != REQUEST_SENT) {
    message_error("%s", reason);
    return codes[sent];
  }
  struct record_reader reader = record_reader_create(descriptor, sizeof(struct fh_request));
  int result = take_answer(ask, &reader, findings, style);
  record_reader_destroy(&reader);
  close(descriptor);
  return result;
}

/* One question and its answer, in *findings, which the caller destroys. An exit code after saying what went wrong, or -1.
 * A process answers one request at a time, and may need a moment to notice that it is done with the one before. */
static int look(const struct ask *ask, struct findings *findings, struct check_style style) {
  static const struct timespec pause = {0, 20000000};
  const struct fh_record_answer *answer = &findings->answer;
  double start = now();
  int result;
  bool busy;
  do {
    findings->answer.status = 0;
    result = ask_once(ask, findings, style);
    busy = result < 0 && answer->status == FH_ANSWER_NOT_POSSIBLE && answer->error == EBUSY;
  } while (busy && now() - start < ask->timeout && nanosleep(&pause, NULL) == 0);
  return result < 0 ? judge_answer(ask, answer) : result;
}

static void wait_seconds(double seconds) {
  struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    continue;
}

int ask_process(struct ask *ask) {
  struct message_style colours = message_style_of(stdout);
  struct check_style style = {colours.bold, colours.red, colours.yellow, colours.plain};
  struct finding_filter filter = {0};
  struct findings *findings = findings_create(&filter), *before = NULL;
  int result = -1;
  if (ask->growth > 0) {
    before = findings_create(&filter);
    double start = now();
    result = look(ask, before, style);
    if (result < 0) {
      wait_seconds(ask->growth);
      result = look(ask, findings, style);
    }
    findings_compare(findings, before, now() - start);
  } else {
    result = look(ask, findings, style);
  }
  if (result < 0)
    result = show(ask, findings, style);
  findings_destroy(findings);
  if (before != NULL)
    findings_destroy(before);
  return result;
}
