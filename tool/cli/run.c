/*
 * run.c: `freehold run`. Reads the flags, finds and examines the program, sets LD_PRELOAD and FREEHOLD, and becomes the
 * program. There is no process in between, so pid, terminal, signals and exit code are the program's own. Several
 * programs, and what is asked of several, go to run_several.c; with --gc-report somebody has to be there after the
 * program's end: see run_report.c.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/flags.h"
#include "tool/cli/launch.h"
#include "tool/cli/message.h"
#include "tool/cli/options.h"
#include "tool/cli/run_report.h"
#include "tool/cli/run_several.h"
#include "tool/proc/library.h"
#include "tool/proc/program.h"

struct run_request {
  struct option_settings settings;
  bool force, collect;
  const char *json_path; /* or NULL */
  struct run_several several;
  char **program; /* NULL-ended: the program and its arguments */
};

static int take_flag(void *context, const char *flag, const char *next) {
  struct run_request *request = context;
  if (strcmp(flag, "--force") == 0)
    request->force = true;
  else if (strcmp(flag, "--gc") == 0)
    request->collect = true;
  else if (strncmp(flag, "--json=", strlen("--json=")) == 0)
    request->json_path = flag + strlen("--json=");
  else if (strcmp(flag, "--json") == 0 && next != NULL)
    return request->json_path = next, FLAG_TAKEN_DOUBLE;
  else
    return run_several_take_flag(&request->several, flag, next);
  return FLAG_TAKEN;
}

static bool wants_report(const struct run_request *request) {
  const char *wanted = option_settings_value(&request->settings, "gc_report");
  return request->collect && wanted != NULL && strcmp(wanted, "on") == 0;
}

/* An exit code, or -1 to go on. */
static int read_arguments(int count, char **arguments, struct run_request *request) {
  int at;
  const struct flag_reader reader = {"run", &request->settings, take_flag, request};
  int result = flags_read(&reader, count, arguments, &at);
  if (result >= 0)
    return result;
  const struct option *of_collector = option_settings_first(&request->settings, OPTION_SCOPE_COLLECT);
  if (of_collector != NULL && !request->collect) {
    char name[OPTION_TEXT_BYTES];
    option_flag_name(of_collector, name, sizeof name);
    message_error("--%s is an option of the collector: add --gc", name);
    return EXIT_CODE_USAGE;
  }
  if (request->json_path != NULL && !wants_report(request)) {
    message_error("--json is for the report of the collector: add --gc --gc-report");
    return EXIT_CODE_USAGE;
  }
  result = run_several_take_programs(&request->several, count - at, arguments + at);
  if (result >= 0)
    return result;
  if (request->json_path != NULL && request->several.is_asked_for) {
    message_error("--json is for one program; of several, each prints its own --gc-report");
    return EXIT_CODE_USAGE;
  }
  if (at >= count && !request->several.is_asked_for) {
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

/* What an examination came to: an exit code after saying why it can't be, or -1 to start it. */
static int judge(enum program_verdict verdict, const char *reason, bool force) {
  switch (verdict) {
  case PROGRAM_FITS:
  case PROGRAM_LINKED:
    if (reason[0] != '\0')
      message_warning("%s", reason);
    break;
  case PROGRAM_REFUSED:
    if (!force) {
      message_error("%s; --force starts it all the same.", reason);
      return EXIT_CODE_NOT_POSSIBLE;
    }
    message_warning("%s. It is started all the same (--force).", reason);
    break;
  case PROGRAM_NOT_EXECUTABLE:
    if (!force) {
      message_error("%s.", reason);
      return EXIT_CODE_NOT_EXECUTABLE;
    }
    message_warning("%s.", reason);
    break;
  }
  return -1;
}

static char reason[PROGRAM_REASON_BYTES];
_Static_assert(sizeof reason >= LIBRARY_REASON_BYTES, "the same array takes both reasons");

static int find_library(const struct run_request *request, char *library) {
  if (library_find(request->collect ? LIBRARY_COLLECT : LIBRARY_HEAP, library, reason) == 0)
    return -1;
  message_error("%s", reason);
  return EXIT_CODE_NOT_STARTED;
}

static int run(struct run_request *request) {
  static char library[PATH_MAX], path[PATH_MAX];
  int error = program_find(request->program[0], getenv("PATH"), path);
  if (error != 0)
    return launch_report_not_found(request->program[0], error, request->settings.last_bare);
  int result = find_library(request, library);
  if (result >= 0)
    return result;
  enum program_verdict verdict = program_examine(path, library, reason);
  result = judge(verdict, reason, request->force);
  if (result >= 0)
    return result;
  const char *preloaded = verdict == PROGRAM_LINKED ? NULL : library;
  if (wants_report(request))
    return run_with_report(&request->settings, path, request->program, preloaded, request->json_path);
  result = set_environment(request, preloaded);
  return result >= 0 ? result : become(path, request->program);
}

/* Finds and examines each file once, however many programs are made of it. */
static int examine_all(const struct run_request *request, struct job_list *list, const char *library) {
  for (size_t i = 0; i < list->count; i++) {
    struct job_command *command = &list->commands[i];
    const char *name = command->arguments[0];
    for (size_t j = 0; j < i && command->path == NULL; j++)
      if (strcmp(list->commands[j].arguments[0], name) == 0) {
        command->path = must_copy(list->commands[j].path);
        command->preload = list->commands[j].preload;
      }
    if (command->path != NULL)
      continue;
    char path[PATH_MAX];
    int error = program_find(name, getenv("PATH"), path);
    if (error != 0)
      return launch_report_not_found(name, error, NULL);
    enum program_verdict verdict = program_examine(path, library, reason);
    int result = judge(verdict, reason, request->force);
    if (result >= 0)
      return result;
    command->path = must_copy(path);
    command->preload = verdict != PROGRAM_LINKED;
  }
  return -1;
}

static int run_all(struct run_request *request) {
  static char library[PATH_MAX];
  int result = find_library(request, library);
  if (result < 0)
    result = examine_all(request, &request->several.list, library);
  if (result < 0)
    result = set_environment(request, NULL);
  if (result < 0)
    result = run_several(&request->several, library);
  return result;
}

int command_run(int count, char **arguments) {
  struct run_request request = {.settings = option_settings_create(OPTION_SCOPE_COLLECT),
                                .several = RUN_SEVERAL_DEFAULTS};
  int result = read_arguments(count, arguments, &request);
  if (result < 0)
    result = request.several.is_asked_for ? run_all(&request) : run(&request);
  option_settings_destroy(&request.settings);
  run_several_destroy(&request.several);
  return result;
}
