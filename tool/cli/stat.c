/* stat.c: `freehold stat`: the accounts of another process's heap. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/accounts.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/cli/process_error.h"
#include "tool/proc/heap_root.h"
#include "tool/proc/process.h"
#include "tool/report/accounts_openmetrics.h"

struct stat_request {
  pid_t pid;
  enum { FORM_TEXT, FORM_JSON, FORM_OPENMETRICS } form;
  bool watch;
  double seconds;
};

static const double shortest_watch = 0.1, longest_watch = 86400;

static bool read_number(const char *text, double min, double max, double *out) {
  char *end;
  errno = 0;
  *out = strtod(text, &end);
  return end != text && *end == '\0' && errno == 0 && *out >= min && *out <= max;
}

/* An exit code, or -1 to go on. */
static int read_arguments(int count, char **arguments, struct stat_request *request) {
  static const char watch[] = "--watch";
  const char *pid_text = NULL;
  bool flags_end = false;
  for (int at = 1; at < count; at++) {
    const char *argument = arguments[at];
    if (flags_end || argument[0] != '-') {
      if (pid_text != NULL) {
        message_error("stat looks at one process; leave out %s", argument);
        return EXIT_CODE_USAGE;
      }
      pid_text = argument;
    } else if (strcmp(argument, "--") == 0) {
      flags_end = true;
    } else if (command_wants_help(argument)) {
      help_write_command(stdout, command_find("stat"));
      return message_finish_output();
    } else if (strcmp(argument, "--json") == 0) {
      request->form = FORM_JSON;
    } else if (strcmp(argument, "--openmetrics") == 0) {
      request->form = FORM_OPENMETRICS;
    } else if (strncmp(argument, watch, strlen(watch)) == 0 &&
               (argument[strlen(watch)] == '\0' || argument[strlen(watch)] == '=')) {
      const char *value = argument[strlen(watch)] == '=' ? argument + strlen(watch) + 1
                          : at + 1 < count               ? arguments[++at]
                                                         : "";
      if (!read_number(value, shortest_watch, longest_watch, &request->seconds)) {
        message_error("--watch %s: it takes %g to %g seconds", value, shortest_watch, longest_watch);
        return EXIT_CODE_USAGE;
      }
      request->watch = true;
    } else {
      return command_unknown_flag(command_find("stat"), argument);
    }
  }
  if (request->watch && request->form == FORM_OPENMETRICS) {
    message_error("--openmetrics is one reading; leave out --watch, and let the collector ask again");
    return EXIT_CODE_USAGE;
  }
  if (pid_text == NULL) {
    message_error("stat: which process? Write: freehold stat PID");
    return EXIT_CODE_USAGE;
  }
  if (!process_id_read(pid_text, &request->pid))
    return EXIT_CODE_USAGE;
  return -1;
}

static int report(pid_t pid, int error) {
  if (error == ESRCH || process_has_ended(pid))
    return process_error_gone(pid);
  switch (error) {
  case EACCES:
  case EPERM:
    return process_error_not_permitted(pid, "stat");
  case ENODATA:
    message_error(
        "process %ld seems to run on Freehold, but its library can't be read. Run freehold stat with sudo, or "
        "restart the process",
        (long)pid);
    return EXIT_CODE_NOT_FREEHOLD;
  case ENOENT:
    message_error("process %ld does not run on Freehold. Start it with: freehold run PROGRAM", (long)pid);
    return EXIT_CODE_NOT_FREEHOLD;
  case EPROTO:
    message_error(
        "process %ld runs on a Freehold whose accounts are not of version %u. Use the freehold command that "
        "came with its library",
        (long)pid, FH_ACCOUNTS_VERSION);
    return EXIT_CODE_NOT_FREEHOLD;
  default:
    message_error("process %ld can't be read: %s. Try again; it may have been changing", (long)pid, strerror(error));
    return EXIT_CODE_FAILURE;
  }
}

/* 0 or an errno; EPROTO when the accounts are of another version. The heap changes while it is read: a span that goes
 * away in the middle makes one reading fail, not the next. */
static int read_accounts(pid_t pid, uint64_t root, struct fh_accounts *accounts) {
  enum { ATTEMPTS = 5 };
  struct process_memory memory = {.pid = pid, .descriptor = -1};
  int result = -1;
  for (int attempt = 0; attempt < ATTEMPTS && result == -1; attempt++) {
    memory.error = 0;
    memset(accounts, 0, sizeof *accounts);
    result = fh_accounts_collect(process_memory_read, &memory, root, accounts);
    if (memory.error == ESRCH || memory.error == EPERM || memory.error == EACCES)
      break;
  }
  process_memory_close(&memory);
  if (result == -2)
    return EPROTO;
  if (result != 0)
    return memory.error != 0 ? memory.error : EIO;
  struct process_status status;
  int error = process_read_status(pid, &status);
  if (error != 0)
    return error;
  accounts->pid = (uint64_t)pid;
  accounts->rss_bytes = status.rss_bytes;
  accounts->peak_rss_bytes = status.peak_rss_bytes;
  return 0;
}

static void write_to_stream(void *stream, const char *text, size_t bytes) {
  fwrite(text, 1, bytes, stream);
}

static void write_accounts(const struct stat_request *request, const struct fh_accounts *accounts, bool first) {
  if (request->form == FORM_JSON) {
    fh_accounts_write_json(accounts, write_to_stream, stdout);
    return;
  }
  if (request->form == FORM_OPENMETRICS) {
    accounts_openmetrics_write(accounts, stdout);
    return;
  }
  if (request->watch && isatty(STDOUT_FILENO))
    fputs("\033[H\033[2J", stdout); /* the new figures in the place of the old */
  else if (!first)
    putchar('\n');
  fh_accounts_write_text(accounts, write_to_stream, stdout);
}

static void sleep_for(double seconds) {
  struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
    continue;
}

int command_stat(int count, char **arguments) {
  struct stat_request request = {0};
  int result = read_arguments(count, arguments, &request);
  if (result >= 0)
    return result;
  if (process_has_ended(request.pid))
    return process_error_gone(request.pid);
  uint64_t root;
  int error = heap_root_find(request.pid, &root);
  if (error != 0)
    return report(request.pid, error);
  static struct fh_accounts accounts;
  for (bool first = true;; first = false) {
    error = read_accounts(request.pid, root, &accounts);
    if (error != 0) {
      /* Its end is how a watch ends. */
      if (!first && process_has_ended(request.pid))
        return EXIT_CODE_SUCCESS;
      return report(request.pid, error);
    }
    write_accounts(&request, &accounts, first);
    result = message_finish_output();
    if (result != EXIT_CODE_SUCCESS || !request.watch)
      return result;
    sleep_for(request.seconds);
  }
}
