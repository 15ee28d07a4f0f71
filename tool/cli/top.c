/* top.c: `freehold top`: the memory of programs while they run, on a terminal or look after look as text or JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/flag_value.h"
#include "tool/cli/message.h"
#include "tool/cli/process_error.h"
#include "tool/cli/top_screen.h"
#include "tool/proc/process.h"

enum { GO_ON = -1 };
static const double usual_delay = 2, shortest_delay = 0.1, longest_delay = 3600;

static int read_sort(const char *value, struct top_request *request) {
  request->view.sort = top_column_find(value);
  if (request->view.sort != TOP_COLUMN_COUNT)
    return GO_ON;
  struct text names = {0};
  for (size_t i = 0; i < TOP_COLUMN_COUNT; i++)
    text_format(&names, "%s%s", i == 0 ? "" : i + 1 == TOP_COLUMN_COUNT ? " or " : ", ", top_columns[i].name);
  char *list = text_take(&names);
  message_error("--sort %s: there is no such column; it takes %s", value, list);
  free(list);
  return EXIT_CODE_USAGE;
}

static int read_iterations(const char *value, struct top_request *request) {
  char *end;
  errno = 0;
  long long number = strtoll(value, &end, 10);
  if (end == value || *end != '\0' || errno != 0 || number <= 0) {
    message_error("--iterations %s: it takes a number of looks, from 1 on", value);
    return EXIT_CODE_USAGE;
  }
  request->iterations = (uint64_t)number;
  return GO_ON;
}

static int read_flag(int count, char **arguments, int *at, struct top_request *request) {
  const char *argument = arguments[*at], *value;
  if (command_wants_help(argument)) {
    help_write_command(stdout, command_find("top"));
    return message_finish_output();
  }
  if (strcmp(argument, "--all") == 0)
    return request->wish.all = true, GO_ON;
  if (strcmp(argument, "--reverse") == 0)
    return request->view.reversed = true, GO_ON;
  if (strcmp(argument, "--batch") == 0)
    return request->batch = true, GO_ON;
  if (strcmp(argument, "--json") == 0)
    return request->batch = request->json = true, GO_ON;
  if ((value = flag_value("--sort", count, arguments, at)) != NULL)
    return read_sort(value, request);
  if ((value = flag_value("--filter", count, arguments, at)) != NULL) {
    request->view.filter = value;
    if (value[0] != '\0')
      return GO_ON;
    message_error("--filter takes a part of a command line: freehold top --filter python");
    return EXIT_CODE_USAGE;
  }
  if ((value = flag_value("--iterations", count, arguments, at)) != NULL)
    return read_iterations(value, request);
  if ((value = flag_value("--delay", count, arguments, at)) != NULL) {
    if (flag_time_read(value, shortest_delay, longest_delay, &request->delay))
      return GO_ON;
    message_error("--delay %s: it takes a time from 100ms to 1h: 500ms, 2s, 5m", value);
    return EXIT_CODE_USAGE;
  }
  return command_unknown_flag(command_find("top"), argument);
}

/* `chosen` has room for all arguments. */
static int read_arguments(int count, char **arguments, struct top_request *request, pid_t *chosen) {
  bool flags_end = false;
  for (int at = 1; at < count; at++) {
    if (!flags_end && strcmp(arguments[at], "--") == 0) {
      flags_end = true;
    } else if (!flags_end && arguments[at][0] == '-') {
      int result = read_flag(count, arguments, &at, request);
      if (result != GO_ON)
        return result;
    } else {
      pid_t pid;
      if (!process_id_read(arguments[at], &pid))
        return EXIT_CODE_USAGE;
      if (process_has_ended(pid))
        return process_error_gone(pid);
      chosen[request->wish.chosen_count++] = pid;
    }
  }
  request->wish.chosen = chosen;
  /* Those that are named, and no others, unless others are asked for. */
  request->wish.only_chosen = request->wish.chosen_count > 0 && !request->wish.all;
  return GO_ON;
}

/* ---- Look after look. ---- */

static void write_text(const struct memory_watch *watch, const struct top_request *request,
                       const struct watched_program *const *rows, size_t count) {
  struct top_layout layout = top_layout_for(0);
  struct text text = {0};
  struct tm local;
  char clock[32];
  time_t taken = (time_t)watch->taken_at;
  localtime_r(&taken, &local);
  strftime(clock, sizeof clock, "%Y-%m-%d %H:%M:%S", &local);
  text_format(&text, "%s  ", clock);
  top_write_sums(&text, rows, count);
  text_add(&text, "\n");
  top_write_heading(&text, &layout, &request->view);
  text_add(&text, "\n");
  for (size_t i = 0; i < count; i++) {
    top_write_row(&text, &layout, rows[i]);
    text_add(&text, "\n");
  }
  char *all = text_take(&text);
  fputs(all, stdout);
  free(all);
}

static int write_look(const struct memory_watch *watch, const struct top_request *request, bool first) {
  const struct watched_program **rows = memory_allocate(watch->count + 1, sizeof rows[0]);
  size_t count = top_select(watch, &request->view, rows);
  if (request->json) {
    json_t *document = top_document(watch, rows, count);
    json_dumpf(document, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(document);
  } else {
    if (!first)
      putchar('\n');
    write_text(watch, request, rows, count);
  }
  free(rows);
  return message_finish_output();
}

static void sleep_for(double seconds) {
  struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
    continue;
}

/* Whether there is nothing left to be looked at: all that were named have ended. */
static bool is_over(const struct memory_watch *watch, const struct top_request *request) {
  bool over = request->wish.only_chosen;
  for (size_t i = 0; i < watch->count; i++)
    over = over && watch->programs[i]->ended;
  return over;
}

static int run_batch(const struct top_request *request) {
  struct memory_watch watch = {0};
  int result = EXIT_CODE_TOP_SHOWN;
  for (uint64_t looks = 0; result == EXIT_CODE_TOP_SHOWN; looks++) {
    if (looks > 0)
      sleep_for(request->delay);
    int error = memory_watch_look(&watch, &request->wish);
    if (error != 0) {
      message_error("/proc can't be read: %s. Is it mounted?", strerror(error));
      result = EXIT_CODE_TOP_FAILED;
      break;
    }
    result =
        write_look(&watch, request, looks == 0) != EXIT_CODE_SUCCESS ? EXIT_CODE_TOP_FAILED : EXIT_CODE_TOP_SHOWN;
    if (looks + 1 == request->iterations || is_over(&watch, request))
      break;
  }
  memory_watch_destroy(&watch);
  return result;
}

int command_top(int count, char **arguments) {
  struct top_request request = {.delay = usual_delay, .view = {.sort = TOP_RSS}};
  pid_t *chosen = must_allocate((size_t)count * sizeof *chosen);
  int result = read_arguments(count, arguments, &request, chosen);
  if (result == GO_ON)
    result = request.batch ? run_batch(&request) : top_screen_run(&request);
  free(chosen);
  return result;
}
