/*
 * run.c: `freehold run`. Reads the flags, finds and examines the program, sets LD_PRELOAD and FREEHOLD, and becomes the
 * program. There is no process in between, so pid, terminal, signals and exit code are the program's own.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/launch.h"
#include "tool/cli/message.h"
#include "tool/cli/options.h"
#include "tool/proc/library.h"
#include "tool/proc/program.h"

struct run_request {
  struct option_settings settings;
  bool force;
  char **program; /* NULL-ended: the program and its arguments */
};

/* An exit code, or -1 to go on. */
static int read_arguments(int count, char **arguments, struct run_request *request) {
  int at = 1;
  for (; at < count && arguments[at][0] == '-'; at++) {
    const char *argument = arguments[at];
    if (strcmp(argument, "--") == 0) {
      at++;
      request->settings.last_bare = NULL;
      break;
    }
    if (command_wants_help(argument)) {
      help_write_command(stdout, command_find("run"));
      return message_finish_output();
    }
    if (strcmp(argument, "--force") == 0) {
      request->force = true;
      continue;
    }
    if (strncmp(argument, "--", 2) != 0)
      return command_unknown_flag(command_find("run"), argument);
    switch (option_settings_read(&request->settings, argument, at + 1 < count ? arguments[at + 1] : NULL)) {
    case OPTION_TAKEN:
      break;
    case OPTION_TAKEN_DOUBLE:
      at++;
      break;
    case OPTION_UNKNOWN:
      return command_unknown_flag(command_find("run"), argument);
    case OPTION_WRONG:
      return EXIT_CODE_NOT_STARTED;
    }
  }
  if (at >= count) {
    message_error("run: which program? Write: freehold run [options] PROGRAM [ARGUMENT...]");
    return EXIT_CODE_NOT_STARTED;
  }
  request->program = arguments + at;
  return -1;
}

/* `library` is NULL for a program that has the heap inside. */
static int set_environment(const struct run_request *request, const char *library) {
  char *settings = option_settings_merge(&request->settings, getenv("FREEHOLD"));
  if (settings == NULL)
    return EXIT_CODE_NOT_STARTED;
  int failed = settings[0] != '\0' ? setenv("FREEHOLD", settings, 1) : unsetenv("FREEHOLD");
  if (library != NULL) {
    char *preload = launch_preload_text(library, getenv("LD_PRELOAD"));
    failed |= setenv("LD_PRELOAD", preload, 1);
    free(preload);
  }
  free(settings);
  if (failed == 0)
    return -1;
  message_error("can't set the environment: %s", strerror(errno));
  return EXIT_CODE_NOT_STARTED;
}

static int become(const char *path, char **program) {
  extern char **environ;
  execve(path, program, environ);
  return launch_report_failure(path, errno);
}

static int run(const struct run_request *request) {
  static char library[PATH_MAX], path[PATH_MAX], reason[PROGRAM_REASON_BYTES];
  _Static_assert(sizeof reason >= LIBRARY_REASON_BYTES, "the same array takes both reasons");
  int error = program_find(request->program[0], getenv("PATH"), path);
  if (error != 0)
    return launch_report_not_found(request->program[0], error, request->settings.last_bare);
  if (library_find(LIBRARY_HEAP, library, reason) != 0) {
    message_error("%s", reason);
    return EXIT_CODE_NOT_STARTED;
  }
  enum program_verdict verdict = program_examine(path, library, reason);
  int result = set_environment(request, verdict == PROGRAM_LINKED ? NULL : library);
  if (result >= 0)
    return result;
  switch (verdict) {
  case PROGRAM_FITS:
  case PROGRAM_LINKED:
    if (reason[0] != '\0')
      message_warning("%s", reason);
    break;
  case PROGRAM_REFUSED:
    if (!request->force) {
      message_error("%s; --force starts it all the same.", reason);
      return EXIT_CODE_NOT_POSSIBLE;
    }
    message_warning("%s. It is started all the same (--force).", reason);
    break;
  case PROGRAM_NOT_EXECUTABLE:
    if (!request->force) {
      message_error("%s.", reason);
      return EXIT_CODE_NOT_EXECUTABLE;
    }
    message_warning("%s.", reason);
    break;
  }
  return become(path, request->program);
}

int command_run(int count, char **arguments) {
  struct run_request request = {.settings = option_settings_create(OPTION_SCOPE_HEAP)};
  int result = read_arguments(count, arguments, &request);
  if (result < 0)
    result = run(&request);
  option_settings_destroy(&request.settings);
  return result;
}
