/* map.c: `freehold map`: the address space of a process, of several, or of one that was saved. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/flag_value.h"
#include "tool/cli/map_program.h"
#include "tool/cli/message.h"
#include "tool/cli/process_error.h"
#include "tool/proc/address_space.h"
#include "tool/proc/process.h"
#include "tool/proc/process_tree.h"
#include "tool/report/map_document.h"
#include "tool/report/map_report.h"

struct map_request {
  const char *target; /* a process id or a file; NULL: the program */
  struct map_program program;
  bool deep, tree, json;
  const char *page;       /* --html */
  const char *since_file; /* --since */
  double since_seconds;   /* 0: none */
};

enum { GO_ON = -1 };
static const double shortest_time = 1e-9, longest_time = 86400.0 * 30;

static int read_since(const char *value, struct map_request *request) {
  if (value[0] == '\0') {
    message_error("--since takes a time (60s, 5m) or the file of an earlier freehold map --json");
    return EXIT_CODE_USAGE;
  }
  if (!flag_time_read(value, shortest_time, longest_time, &request->since_seconds))
    request->since_file = value;
  return GO_ON;
}

static int read_flag(int count, char **arguments, int *at, struct map_request *request) {
  const char *argument = arguments[*at], *value;
  if (command_wants_help(argument)) {
    help_write_command(stdout, command_find("map"));
    return message_finish_output();
  }
  if (strcmp(argument, "--deep") == 0)
    return request->deep = true, GO_ON;
  if (strcmp(argument, "--tree") == 0)
    return request->tree = true, GO_ON;
  if (strcmp(argument, "--json") == 0)
    return request->json = true, GO_ON;
  if (strcmp(argument, "--as-is") == 0)
    return request->program.as_is = true, GO_ON;
  if ((value = flag_value("--since", count, arguments, at)) != NULL)
    return read_since(value, request);
  if ((value = flag_value("--html", count, arguments, at)) != NULL) {
    request->page = value;
    if (value[0] != '\0')
      return GO_ON;
    message_error("--html takes the file to write: freehold map --html page.html PID");
    return EXIT_CODE_USAGE;
  }
  if ((value = flag_value("--after", count, arguments, at)) != NULL) {
    if (flag_time_read(value, shortest_time, longest_time, &request->program.after))
      return GO_ON;
    message_error("--after %s: it takes a time above 0: 500ms, 5s, 2m, 1h", value);
    return EXIT_CODE_USAGE;
  }
  return command_unknown_flag(command_find("map"), argument);
}

/* What can't be had together. */
static int check_request(const struct map_request *request) {
  bool has_program = request->program.arguments != NULL,
       has_since = request->since_seconds > 0 || request->since_file;
  if (request->target == NULL && !has_program) {
    message_error("map: of which process? Write: freehold map PID, or freehold map -- PROGRAM");
    return EXIT_CODE_USAGE;
  }
  if (!has_program && (request->program.as_is || request->program.after > 0)) {
    message_error("--as-is and --after are for a program that map starts: freehold map --after=5s -- PROGRAM");
    return EXIT_CODE_USAGE;
  }
  if (has_program && request->since_seconds > 0) {
    message_error("--since with a time looks at a process that runs already: freehold map --since=60s PID");
    return EXIT_CODE_USAGE;
  }
  if (has_since && request->page != NULL) {
    message_error("the page of --html shows one moment; leave out --since");
    return EXIT_CODE_USAGE;
  }
  return GO_ON;
}

static int read_arguments(int count, char **arguments, struct map_request *request) {
  for (int at = 1; at < count; at++) {
    if (strcmp(arguments[at], "--") == 0) {
      if (at + 1 == count || request->target != NULL) {
        message_error(at + 1 == count ? "-- and no program behind it: freehold map -- PROGRAM"
                                      : "a process or a program, not both; leave out %s",
                      request->target);
        return EXIT_CODE_USAGE;
      }
      request->program.arguments = &arguments[at + 1];
      break;
    }
    if (arguments[at][0] == '-') {
      int result = read_flag(count, arguments, &at, request);
      if (result != GO_ON)
        return result;
    } else if (request->target != NULL) {
      message_error("map looks at one process (--tree: and its descendants); leave out %s. A program to be started "
                    "stands behind --",
                    arguments[at]);
      return EXIT_CODE_USAGE;
    } else {
      request->target = arguments[at];
    }
  }
  return check_request(request);
}

/* ---- Looking. ---- */

static int report_error(pid_t pid, int error) {
  if (error == ESRCH || (error != ENOMEM && process_has_ended(pid)))
    return process_error_gone(pid);
  if (error == EACCES || error == EPERM)
    return process_error_not_permitted(pid, "map");
  message_error("process %ld can't be read: %s. Try again; it may have been changing", (long)pid, strerror(error));
  return EXIT_CODE_MAP_FAILED;
}

/* The document, or NULL with the exit code in *code. */
static json_t *look_at(pid_t pid, const struct map_request *request, int *code) {
  struct tree_process one = {.pid = pid}, *tree = &one;
  size_t tree_count = 1, count = 0;
  int error = request->tree ? process_tree_read(pid, &tree, &tree_count) : process_has_ended(pid) ? ESRCH : 0;
  if (error != 0) {
    *code = report_error(pid, error);
    return NULL;
  }
  struct address_space *spaces = must_allocate(tree_count * sizeof *spaces);
  struct address_request wish = {.deep = request->deep};
  for (size_t i = 0; i < tree_count; i++) {
    error = address_space_read(tree[i].pid, &wish, &spaces[count]);
    if (error == 0)
      count++;
    else if (i == 0)
      break;
    else if (error != ESRCH) /* descendants come and go */
      message_warning("process %ld of the tree is left out: %s", (long)tree[i].pid, strerror(error));
  }
  json_t *document = count > 0 ? map_document_make(spaces, count) : NULL;
  if (document == NULL)
    *code = report_error(pid, count > 0 ? ENOMEM : error);
  for (size_t i = 0; i < count; i++)
    address_space_destroy(&spaces[i]);
  free(spaces);
  if (request->tree)
    free(tree);
  return document;
}

static json_t *load(const char *path, int *code) {
  char why[256];
  json_t *document = map_document_load(path, why, sizeof why);
  if (document == NULL) {
    message_error("%s: %s (what freehold map --json wrote can be looked at, and --since also takes a time: 60s)",
                  path, why);
    *code = EXIT_CODE_MAP_FAILED;
  }
  return document;
}

/* ---- Showing. ---- */

static struct map_style style_of_output(void) {
  struct message_style style = message_style_of(stdout);
  struct winsize size;
  bool has_size = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return (struct map_style){.colours = style.plain[0] != '\0', .columns = has_size ? size.ws_col : 0};
}

static int write_page(const json_t *document, const char *path) {
  FILE *file = fopen(path, "we");
  bool good = file != NULL && map_page_write(document, file) == 0;
  int error = errno;
  if (file != NULL && fclose(file) != 0) {
    error = good ? errno : error;
    good = false;
  }
  if (good)
    return EXIT_CODE_MAP_SHOWN;
  message_error("%s: %s", path, strerror(error));
  return EXIT_CODE_MAP_FAILED;
}

static int show(const json_t *document, const struct map_request *request) {
  int code = request->page != NULL ? write_page(document, request->page) : EXIT_CODE_MAP_SHOWN;
  struct map_style style = style_of_output();
  if (request->json)
    map_document_write(document, stdout);
  else if (request->page == NULL)
    map_text_write(document, &style, stdout);
  int printed = message_finish_output();
  return code != EXIT_CODE_MAP_SHOWN ? code : printed;
}

/* A process that was started anew has another id: that alone is nothing to speak of. */
static void warn_of_another_program(const json_t *before, const json_t *after) {
  const json_t *first = json_array_get(json_object_get(before, "processes"), 0);
  const json_t *second = json_array_get(json_object_get(after, "processes"), 0);
  const char *earlier = map_string(first, "command"), *later = map_string(second, "command");
  if (strcmp(earlier, later) != 0)
    message_warning("two programs are compared: %s, process %" PRIu64 ", and %s, process %" PRIu64, earlier,
                    map_number(first, "pid"), later, map_number(second, "pid"));
}

static int show_growth(const json_t *before, const json_t *after, const struct map_request *request) {
  warn_of_another_program(before, after);
  json_t *growth = map_growth_make(before, after);
  if (request->json)
    map_document_write(growth, stdout);
  else
    map_growth_write(growth, stdout);
  json_decref(growth);
  return message_finish_output();
}

static void sleep_for(double seconds) {
  struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
    continue;
}

static int look_and_show(void *context, pid_t pid) {
  const struct map_request *request = context;
  int code = EXIT_CODE_MAP_SHOWN;
  json_t *before = NULL;
  if (request->since_file != NULL)
    before = load(request->since_file, &code);
  else if (request->since_seconds > 0)
    before = look_at(pid, request, &code);
  if (code != EXIT_CODE_MAP_SHOWN)
    return code;
  if (request->since_seconds > 0)
    sleep_for(request->since_seconds);
  json_t *document = look_at(pid, request, &code);
  if (document != NULL)
    code = before != NULL ? show_growth(before, document, request) : show(document, request);
  json_decref(before);
  json_decref(document);
  return code;
}

static int show_saved(const struct map_request *request) {
  int code = EXIT_CODE_MAP_SHOWN;
  if (request->since_seconds > 0 || request->deep || request->tree) {
    message_error("%s is a saved look: --deep, --tree and --since with a time are for a process that runs",
                  request->target);
    return EXIT_CODE_USAGE;
  }
  json_t *document = load(request->target, &code);
  json_t *before = document != NULL && request->since_file != NULL ? load(request->since_file, &code) : NULL;
  if (document != NULL && code == EXIT_CODE_MAP_SHOWN)
    code = before != NULL ? show_growth(before, document, request) : show(document, request);
  json_decref(before);
  json_decref(document);
  return code;
}

int command_map(int count, char **arguments) {
  struct map_request request = {0};
  int result = read_arguments(count, arguments, &request);
  if (result != GO_ON)
    return result;
  if (request.program.arguments != NULL)
    return map_program_run(&request.program, look_and_show, &request);
  if (access(request.target, F_OK) == 0 && request.target[strspn(request.target, "0123456789")] != '\0')
    return show_saved(&request);
  pid_t pid;
  if (strpbrk(request.target, "./") != NULL) {
    message_error("%s: no such file; freehold map --json PID >FILE writes one", request.target);
    return EXIT_CODE_USAGE;
  }
  if (!process_id_read(request.target, &pid))
    return EXIT_CODE_USAGE;
  return look_and_show(&request, pid);
}
