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
#include "tool/cli/message.h"
#include "tool/cli/options.h"
#include "tool/proc/library.h"
#include "tool/proc/program.h"

struct run_request {
  struct option_settings settings;
  bool force;
  const struct option *last_bare; /* the last flag before the program, when its value was left out */
  char **program;                 /* NULL-ended: the program and its arguments */
};

/* An exit code, or -1 to go on. */
static int read_arguments(int count, char **arguments, struct run_request *request) {
  int at = 1;
  for (; at < count && arguments[at][0] == '-'; at++) {
    const char *argument = arguments[at];
    if (strcmp(argument, "--") == 0) {
      at++;
      request->last_bare = NULL;
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
      request->last_bare = NULL;
      for (size_t i = 0; i < option_count; i++) {
        char name[OPTION_TEXT_BYTES];
        option_flag_name(&options[i], name, sizeof name);
        if (strcmp(argument + 2, name) == 0)
          request->last_bare = &options[i];
      }
      break;
    case OPTION_TAKEN_DOUBLE:
      request->last_bare = NULL;
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

static int report_not_found(const struct run_request *request, int error) {
  const char *name = request->program[0];
  if (error == EACCES || error == EISDIR) {
    message_error("%s: %s; %s", name, error == EISDIR ? "is a directory" : "is not executable for this user",
                  error == EISDIR ? "name a program" : "chmod +x it, or name its interpreter");
    return EXIT_CODE_NOT_EXECUTABLE;
  }
  if (request->last_bare != NULL && request->last_bare->words != NULL &&
      strstr(request->last_bare->words, name) != NULL) {
    char flag[OPTION_TEXT_BYTES];
    option_flag_name(request->last_bare, flag, sizeof flag);
    message_error("%s: no such program; if it is the value of --%s, write --%s=%s", name, flag, flag, name);
  } else {
    message_error("%s: no such program; %s", name,
                  strchr(name, '/') != NULL ? "check the path" : "it is not on PATH, check the name or give a path");
  }
  return EXIT_CODE_NOT_FOUND;
}

/* LD_PRELOAD with the library in front, and once. */
static char *preload_text(const char *library, const char *existing) {
  size_t bytes = strlen(library) + (existing != NULL ? strlen(existing) : 0) + 2;
  char *text = must_allocate(bytes);
  strcpy(text, library);
  for (const char *at = existing; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, " :");
    if (length > 0 && !(strlen(library) == length && memcmp(at, library, length) == 0)) {
      strcat(text, ":");
      strncat(text, at, length);
    }
    at += length + (at[length] != '\0');
  }
  return text;
}

/* `library` is NULL for a program that has the heap inside. */
static int set_environment(const struct run_request *request, const char *library) {
  char *settings = option_settings_merge(&request->settings, getenv("FREEHOLD"));
  if (settings == NULL)
    return EXIT_CODE_NOT_STARTED;
  int failed = settings[0] != '\0' ? setenv("FREEHOLD", settings, 1) : unsetenv("FREEHOLD");
  if (library != NULL) {
    char *preload = preload_text(library, getenv("LD_PRELOAD"));
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
  int error = errno;
  if (error == ENOEXEC)
    message_error("%s: the kernel does not know this kind of file; if it is a shell script, run: sh %s", path, path);
  else
    message_error("%s: can't be executed: %s", path, strerror(error));
  return error == ENOENT ? EXIT_CODE_NOT_FOUND : EXIT_CODE_NOT_EXECUTABLE;
}

static int run(const struct run_request *request) {
  static char library[PATH_MAX], path[PATH_MAX], reason[PROGRAM_REASON_BYTES];
  _Static_assert(sizeof reason >= LIBRARY_REASON_BYTES, "the same array takes both reasons");
  int error = program_find(request->program[0], getenv("PATH"), path);
  if (error != 0)
    return report_not_found(request, error);
  if (library_find(library, reason) != 0) {
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
  struct run_request request = {.settings = option_settings_create()};
  int result = read_arguments(count, arguments, &request);
  if (result < 0)
    result = run(&request);
  option_settings_destroy(&request.settings);
  return result;
}
