#include "tool/cli/run_several.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/flags.h"
#include "tool/cli/launch.h"
#include "tool/cli/message.h"
#include "tool/cli/option_value.h"
#include "tool/supervise/clock.h"

enum { FAILED_COUNTED = 100, RETRIES_MOST = 100, CPUS_MOST = 4096 };
#define SLICE_LEAST  (10 * MILLISECOND)
#define SLICE_MOST   (3600 * SECOND)
#define TIME_MOST    (365ull * 24 * 3600 * SECOND)
#define MEMORY_LEAST (16ull << 20)

static const char separator[] = ":::";

/* "200ms", "1.5s", "5m", "2h" as nanoseconds; false when it is none. */
static bool read_time(const char *text, uint64_t *nanoseconds) {
  static const struct {
    const char *suffix;
    uint64_t factor;
  } units[] = {{"ms", MILLISECOND}, {"s", SECOND}, {"m", 60 * SECOND}, {"h", 3600 * SECOND}};
  char *end;
  if (text[0] < '0' || text[0] > '9')
    return false;
  errno = 0;
  double value = strtod(text, &end);
  for (size_t i = 0; i < sizeof units / sizeof units[0] && errno == 0; i++)
    if (strcmp(end, units[i].suffix) == 0) {
      double product = value * (double)units[i].factor;
      if (!(product >= 0 && product <= (double)TIME_MOST))
        return false;
      *nanoseconds = (uint64_t)product;
      return true;
    }
  return false;
}

static int take_slice(const char *value, uint64_t *nanoseconds) {
  if (read_time(value, nanoseconds) && *nanoseconds >= SLICE_LEAST && *nanoseconds <= SLICE_MOST)
    return -1;
  message_error("--slice=%s: it takes a time from 10ms to 1h; write it like 200ms or 5s", value);
  return EXIT_CODE_NOT_STARTED;
}

static int take_timeout(const char *value, uint64_t *nanoseconds) {
  if (read_time(value, nanoseconds) && *nanoseconds >= MILLISECOND)
    return -1;
  message_error("--timeout=%s: it takes a time from 1ms to a year (8760h); write it like 200ms, 30s, 5m or 2h",
                value);
  return EXIT_CODE_NOT_STARTED;
}

static int take_number(const char *flag, const char *value, unsigned least, unsigned most, unsigned *number) {
  char *end;
  errno = 0;
  unsigned long read = strtoul(value, &end, 10);
  if (value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0 && read >= least && read <= most) {
    *number = (unsigned)read;
    return -1;
  }
  message_error("%s=%s: it takes %u to %u", flag, value, least, most);
  return EXIT_CODE_NOT_STARTED;
}

static int take_memory(const char *flag, const char *value, uint64_t *bytes) {
  if (option_parse_size(value, bytes) && *bytes >= MEMORY_LEAST)
    return -1;
  message_error("%s=%s: not a size, or less than 16M; write it like 512M or 4G", flag, value);
  return EXIT_CODE_NOT_STARTED;
}

static int take_valued(struct run_several *several, const char *flag, const char *value) {
  struct supervise_request *request = &several->request;
  if (strcmp(flag, "--jobs") == 0)
    several->jobs = value;
  else if (strcmp(flag, "--report") == 0)
    request->report = value;
  else if (strcmp(flag, "--cpus") == 0)
    return take_number(flag, value, 1, CPUS_MOST, &request->cpus);
  else if (strcmp(flag, "--retries") == 0)
    return take_number(flag, value, 0, RETRIES_MOST, &request->retries);
  else if (strcmp(flag, "--slice") == 0)
    return take_slice(value, &request->slice);
  else if (strcmp(flag, "--timeout") == 0)
    return take_timeout(value, &request->timeout);
  else
    return take_memory(flag, value, &request->memory);
  return -1;
}

static bool take_plain(struct run_several *several, const char *flag) {
  struct supervise_request *request = &several->request;
  const struct {
    const char *flag;
    bool *set, value;
  } plain[] = {{"--isolate", &request->isolate, true}, {"--no-isolate", &request->isolate, false},
               {"--require", &request->require, true}, {"--kill", &request->may_kill, true},
               {"--tag", &request->tag, true},         {"--no-table", &request->no_table, true},
               {"--quiet", &request->quiet, true}};
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
    if (strcmp(flag, plain[i].flag) == 0) {
      *plain[i].set = plain[i].value;
      return true;
    }
  return false;
}

int run_several_take_flag(struct run_several *several, const char *argument, const char *next) {
  static const char *const valued[] = {"--jobs",    "--cpus",    "--slice", "--memory",
                                       "--timeout", "--retries", "--report"};
  if (take_plain(several, argument)) {
    several->is_asked_for = true;
    return FLAG_TAKEN;
  }
  size_t length = strcspn(argument, "=");
  for (size_t i = 0; i < sizeof valued / sizeof valued[0]; i++) {
    if (strlen(valued[i]) != length || memcmp(valued[i], argument, length) != 0)
      continue;
    const char *value = argument[length] == '=' ? argument + length + 1 : next;
    if (value == NULL || value[0] == '\0') {
      message_error("%s needs a value; freehold run --help says which", valued[i]);
      return EXIT_CODE_NOT_STARTED;
    }
    several->is_asked_for = true;
    int result = take_valued(several, valued[i], value);
    return result >= 0 ? result : argument[length] == '=' ? FLAG_TAKEN : FLAG_TAKEN_DOUBLE;
  }
  return FLAG_NOT_OWN;
}

static int read_list(struct run_several *several) {
  bool from_input = strcmp(several->jobs, "-") == 0;
  FILE *file = from_input ? stdin : fopen(several->jobs, "re");
  if (file == NULL) {
    message_error("--jobs=%s: %s", several->jobs, strerror(errno));
    return EXIT_CODE_NOT_STARTED;
  }
  char *problem = job_list_read(&several->list, file);
  if (!from_input)
    fclose(file);
  several->request.input_is_list = from_input;
  if (problem != NULL) {
    message_error("--jobs=%s: %s", several->jobs, problem);
    free(problem);
    return EXIT_CODE_NOT_STARTED;
  }
  if (several->list.count > 0)
    return -1;
  message_error("--jobs=%s: there is no command line in it", several->jobs);
  return EXIT_CODE_NOT_STARTED;
}

static int take_separated(struct run_several *several, int count, char **arguments) {
  for (int from = 0; from <= count;) {
    int to = from;
    while (to < count && strcmp(arguments[to], separator) != 0)
      to++;
    if (to == from) {
      message_error("run: a program is missing before or behind %s; write: freehold run A ::: B ::: C", separator);
      return EXIT_CODE_NOT_STARTED;
    }
    job_list_add(&several->list, arguments + from, (size_t)(to - from));
    from = to + 1;
  }
  return -1;
}

int run_several_take_programs(struct run_several *several, int count, char **arguments) {
  for (int i = 0; i < count; i++)
    several->is_asked_for |= strcmp(arguments[i], separator) == 0;
  if (!several->is_asked_for)
    return -1;
  if (several->jobs != NULL && count > 0) {
    message_error("run: programs come from --jobs or from the command line, not from both; leave one out");
    return EXIT_CODE_NOT_STARTED;
  }
  if (several->request.may_kill && several->request.memory == 0) {
    message_error("--kill says what happens when --memory is used up: give a budget too, like --memory=4G");
    return EXIT_CODE_NOT_STARTED;
  }
  if (several->request.require && !several->request.isolate) {
    message_error("--require asks for what --no-isolate leaves out; choose one");
    return EXIT_CODE_NOT_STARTED;
  }
  if (several->jobs != NULL)
    return read_list(several);
  return count > 0 ? take_separated(several, count, arguments) : -1;
}

static unsigned processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return (unsigned)CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (unsigned)online : 1;
}

/* This process's environment with `preload` (NULL: as it is) as LD_PRELOAD. Only the array and that one text are
 * new. */
static char **make_environment(const char *preload) {
  extern char **environ;
  static const char name[] = "LD_PRELOAD=";
  size_t count = 0, at = 0;
  while (environ[count] != NULL)
    count++;
  char **copy = must_allocate((count + 2) * sizeof *copy);
  for (size_t i = 0; i < count; i++)
    if (preload == NULL || strncmp(environ[i], name, strlen(name)) != 0)
      copy[at++] = environ[i];
  if (preload != NULL) {
    copy[at] = must_allocate(strlen(name) + strlen(preload) + 1);
    strcpy(copy[at], name);
    strcat(copy[at], preload);
  }
  return copy;
}

/* What takes hours must not be lost for a wrong path. */
static bool report_can_be_written(const char *path) {
  int descriptor = path != NULL ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666) : -1;
  int error = errno;
  if (descriptor >= 0)
    close(descriptor);
  if (path == NULL || descriptor >= 0 || error == ENXIO) /* a pipe whose reader comes later */
    return true;
  message_error("--report=%s: %s; nothing was started", path, strerror(error));
  return false;
}

int run_several(struct run_several *several, const char *library) {
  struct supervise_request *request = &several->request;
  if (!report_can_be_written(request->report))
    return EXIT_CODE_NOT_STARTED;
  char *preload = launch_preload_text(library, getenv("LD_PRELOAD"));
  request->environment = make_environment(preload);
  request->environment_plain = make_environment(NULL);
  free(preload);
  request->list = &several->list;
  if (request->cpus == 0)
    request->cpus = processors();
  struct supervise_outcome outcome;
  supervise(request, &outcome);
  size_t last = 0;
  while (request->environment[last + 1] != NULL)
    last++;
  free(request->environment[last]);
  free(request->environment);
  free(request->environment_plain);
  supervise_release(&outcome);
  if (outcome.not_started)
    return EXIT_CODE_NOT_STARTED;
  if (outcome.interrupted_by != 0) { /* whoever started us should see what happened */
    signal(outcome.interrupted_by, SIG_DFL);
    raise(outcome.interrupted_by);
  }
  if (outcome.report_lost)
    return EXIT_CODE_REPORT_LOST;
  return outcome.failed <= FAILED_COUNTED ? (int)outcome.failed : EXIT_CODE_PROGRAMS_FAILED;
}

void run_several_destroy(struct run_several *several) {
  job_list_destroy(&several->list);
}
