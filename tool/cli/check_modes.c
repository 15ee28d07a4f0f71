#include "tool/cli/check_modes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/report/memory.h"

static const struct check_plan plain_plan = {.input = -1, .output = -1, .error = -1, .fill = -1};

int check_mode_once(struct check_session *session) {
  return check_session_run(session, plain_plan);
}

static int open_own(const struct check_session *session, const char *name) {
  char path[PATH_MAX + 16];
  enum { OWNER_ONLY = 0600 };
  snprintf(path, sizeof path, "%s/%s", session->directory, name);
  int descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, OWNER_ONLY);
  if (descriptor < 0)
    message_error("%s: %s; name another directory in TMPDIR", path, strerror(errno));
  return descriptor;
}

static bool copy_all(int from, int to) {
  char piece[1 << 16];
  ssize_t count;
  while ((count = read(from, piece, sizeof piece)) > 0)
    for (ssize_t at = 0; at < count;) {
      ssize_t written = write(to, piece + at, (size_t)(count - at));
      if (written < 0 && errno != EINTR)
        return false;
      at += written > 0 ? written : 0;
    }
  return count == 0;
}

/* Standard input that each run can read from its beginning. `descriptor` is -1 on an error that was said. */
struct input {
  int descriptor;
  off_t start;
};

static struct input input_open(const struct check_session *session) {
  off_t start = lseek(STDIN_FILENO, 0, SEEK_CUR);
  if (start >= 0 && !isatty(STDIN_FILENO)) {
    int descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return (struct input){descriptor, start};
  }
  if (isatty(STDIN_FILENO) || errno == EBADF) {
    message_warning("the program reads nothing: what is typed can't be given to several runs. Give it a file");
    return (struct input){open("/dev/null", O_RDONLY | O_CLOEXEC), 0};
  }
  struct input input = {open_own(session, "input"), 0};
  if (input.descriptor >= 0 && !copy_all(STDIN_FILENO, input.descriptor)) {
    message_error("standard input can't be copied for several runs: %s", strerror(errno));
    close(input.descriptor);
    input.descriptor = -1;
  }
  return input;
}

static int input_rewind(struct input input) {
  lseek(input.descriptor, input.start, SEEK_SET);
  return input.descriptor;
}

/* Where two files differ first. */
struct difference {
  bool found;
  uint64_t byte, line; /* from 1 */
  char *lines[2];
};

static char *read_line_at(FILE *file, uint64_t start) {
  enum { SHOWN_MOST = 120 };
  char *line = NULL;
  size_t room = 0;
  struct text text = {0};
  if (fseeko(file, (off_t)start, SEEK_SET) == 0 && getline(&line, &room, file) >= 0) {
    line[strcspn(line, "\n")] = '\0';
    if (strlen(line) > SHOWN_MOST)
      strcpy(line + SHOWN_MOST - strlen("..."), "...");
    text_add_clean(&text, line);
  } else {
    text_add(&text, "(the end)");
  }
  free(line);
  return text_take(&text);
}

static struct difference compare(FILE *one, FILE *other) {
  struct difference difference = {.line = 1};
  uint64_t line_start = 0, at = 0;
  rewind(one);
  rewind(other);
  for (;; at++) {
    int first = getc(one), second = getc(other);
    if (first != second) {
      difference.found = true;
      break;
    }
    if (first == EOF)
      return difference;
    if (first == '\n') {
      difference.line++;
      line_start = at + 1;
    }
  }
  difference.byte = at + 1;
  difference.lines[0] = read_line_at(one, line_start);
  difference.lines[1] = read_line_at(other, line_start);
  return difference;
}

static bool say_difference(const struct check_session *session, FILE *one, FILE *other, const int *fills) {
  const struct check_run *runs = session->runs;
  bool differ = false;
  struct difference difference = compare(one, other);
  if (difference.found) {
    differ = true;
    message_error("the two runs print different things, from byte %" PRIu64 " (line %" PRIu64
                  ") on: the program uses memory that it never wrote to\n"
                  "  filled with %3d: %s\n  filled with %3d: %s",
                  difference.byte, difference.line, fills[0], difference.lines[0], fills[1], difference.lines[1]);
    free(difference.lines[0]);
    free(difference.lines[1]);
  }
  if (runs[0].code != runs[1].code) {
    differ = true;
    message_error(
        "the two runs end differently: with exit code %d where memory is filled with %d, with %d where it is "
        "filled with %d",
        runs[0].code, fills[0], runs[1].code, fills[1]);
  }
  return differ;
}

int check_mode_two_fills(struct check_session *session, bool *differ) {
  enum { DEFAULT_FILL = 190, ALL_BITS = 255 };
  static const char *const names[] = {"output-1", "output-2"};
  const char *given = option_settings_value(&session->request->settings, "fill");
  int first = given != NULL && given[0] != '\0' ? atoi(given) : DEFAULT_FILL;
  const int fills[] = {first, first ^ ALL_BITS};
  FILE *outputs[2] = {NULL, NULL};
  struct input input = input_open(session);
  int result = input.descriptor < 0 ? EXIT_CODE_NOT_STARTED : -1;
  for (int i = 0; i < 2 && result < 0 && !session->interrupted; i++) {
    int output = open_own(session, names[i]);
    outputs[i] = output < 0 ? NULL : fdopen(output, "r+");
    struct check_plan plan = plain_plan;
    plan.input = input_rewind(input);
    plan.output = output;
    plan.fill = fills[i];
    result = outputs[i] == NULL ? EXIT_CODE_NOT_STARTED : check_session_run(session, plan);
    if (result < 0 && i == 0) {
      lseek(output, 0, SEEK_SET);
      fflush(stdout);
      if (!copy_all(output, STDOUT_FILENO))
        message_error("can't write to standard output: %s", strerror(errno));
    }
  }
  *differ = result < 0 && outputs[1] != NULL && !session->interrupted &&
            say_difference(session, outputs[0], outputs[1], fills);
  for (int i = 0; i < 2; i++)
    if (outputs[i] != NULL)
      fclose(outputs[i]);
  if (input.descriptor >= 0)
    close(input.descriptor);
  return result;
}

/* How many places of the program allocate: the largest count of a process of the first run. */
static uint64_t site_count(const struct check_session *session) {
  uint64_t most = 0;
  for (size_t i = 0; i < session->findings->process_count; i++)
    if (session->findings->processes[i]->summary.sites > most)
      most = session->findings->processes[i]->summary.sites;
  return most;
}

int check_mode_every_site(struct check_session *session) {
  struct input input = input_open(session);
  if (input.descriptor < 0)
    return EXIT_CODE_NOT_STARTED;
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  struct check_plan plan = plain_plan;
  plan.input = input_rewind(input);
  int result = check_session_run(session, plan);
  uint64_t sites = site_count(session);
  if (result < 0 && sites == 0)
    message_warning("the program left no count of the places that allocate (it ended by a signal, _exit or exec, or "
                    "allocated nothing): none was made to fail");
  bool on_terminal = isatty(STDERR_FILENO) && !session->request->quiet;
  for (uint64_t site = 1; site <= sites && result < 0 && !session->interrupted; site++) {
    if (on_terminal)
      fprintf(stderr, "freehold: site %" PRIu64 " of %" PRIu64 "\r", site, sites);
    plan.input = input_rewind(input);
    plan.output = plan.error = nowhere; /* what a program says of failures is not asked for, and there are many */
    plan.failed_site = (unsigned)site;
    result = check_session_run(session, plan);
    const struct check_run *run = &session->runs[session->run_count - 1];
    if (result < 0 && run->signal != 0 && run->errors == 0 && !session->request->quiet)
      message_warning(
          "site %" PRIu64 " of %" PRIu64 ": when its first allocation fails, %s %d (%s), without an error "
          "of memory",
          site, sites, run->timed_out ? "the program takes too long; signal" : "the program ends by signal",
          run->signal, strsignal(run->signal));
  }
  if (nowhere >= 0)
    close(nowhere);
  close(input.descriptor);
  return result;
}
