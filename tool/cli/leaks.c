/* leaks.c: `freehold leaks`: asks a checked process what it has lost, and shows the answer. */
#include <string.h>

#include "tool/cli/ask.h"
#include "tool/cli/check_request.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"

/* What grows may be small yet: so many places are compared. */
enum { COMPARED_PLACES_MOST = 100000 };

static int take_valued(struct ask *leaks, const char *flag, const char *value) {
  if (strcmp(flag, "--timeout") == 0) {
    if (check_read_seconds(value, &leaks->timeout))
      return -1;
    message_error("--timeout=%s: it takes seconds, up to a day", value);
    return EXIT_CODE_USAGE;
  }
  if (strcmp(flag, "--growth") == 0) {
    leaks->request.kind = FH_REQUEST_REACHABLE;
    leaks->request.most = COMPARED_PLACES_MOST;
    if (check_read_seconds(value, &leaks->growth))
      return -1;
    message_error("--growth=%s: it takes seconds, up to a day", value);
    return EXIT_CODE_USAGE;
  }
  int result = ask_read_address("--why=", value, &leaks->request.address);
  if (result < 0)
    leaks->request.kind = FH_REQUEST_WHY;
  return result;
}

/* An exit code, or -1 to go on. */
static int read_arguments(int count, char **arguments, struct ask *leaks) {
  static const char *const valued[] = {"--why", "--timeout", "--growth"};
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
  return ask_read_pid(pid_text, &leaks->pid);
}

int command_leaks(int count, char **arguments) {
  static const double default_timeout = 30;
  struct ask leaks = {
      .timeout = default_timeout,
      .asker = {"freehold leaks", "does not run with the checking library. Start it with: freehold check PROGRAM"},
      .request = {.magic = FH_REQUEST_MAGIC, .version = FH_REQUEST_VERSION, .kind = FH_REQUEST_LEAKS}};
  int result = read_arguments(count, arguments, &leaks);
  return result >= 0 ? result : ask_process(&leaks);
}
