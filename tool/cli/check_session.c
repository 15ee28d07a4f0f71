#include "tool/cli/check_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/launch.h"
#include "tool/cli/message.h"
#include "tool/proc/process.h"
#include "tool/report/memory.h"

enum { LOOK_MILLISECONDS = 50 };

void check_session_take(struct check_session *session, bool last) {
  const struct fh_record_head *record;
  while ((record = record_reader_next(&session->reader, last)) != NULL) {
    const struct finding *finding = findings_take(session->findings, record);
    if (finding != NULL && session->text != NULL) {
      check_text_finding(finding, session->style, session->text);
      fflush(session->text);
    }
  }
}

/* The library keeps the path in a short array, and a comma would end the setting. */
static bool fits_setting(const char *path) {
  return strlen(path) <= OPTION_PATH_LIMIT && strchr(path, ',') == NULL && path[0] == '/';
}

static int make_directory(struct check_session *session) {
  const char *named = getenv("TMPDIR");
  const char *const places[] = {named != NULL ? named : "/tmp", "/tmp"};
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    int length = snprintf(session->directory, sizeof session->directory, "%s/freehold-check-XXXXXX", places[i]);
    if (length <= 0 || length >= (int)sizeof session->directory - (int)sizeof "/records")
      continue;
    snprintf(session->records, sizeof session->records, "%.*s/records", length, session->directory);
    if (fits_setting(session->records) && mkdtemp(session->directory) != NULL) {
      snprintf(session->records, sizeof session->records, "%.*s/records", length, session->directory);
      return -1;
    }
  }
  message_error("no directory for temporary files can be made in %s: %s; name another in TMPDIR", places[0],
                strerror(errno));
  session->directory[0] = session->records[0] = '\0';
  return EXIT_CODE_NOT_STARTED;
}

int check_session_begin(struct check_session *session) {
  static const int kept[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP};
  sigemptyset(&session->awaited);
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
    sigaddset(&session->awaited, kept[i]);
  sigprocmask(SIG_BLOCK, &session->awaited, &session->earlier);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &session->earlier_child);
  /* A reader of the reports that goes away does not end the program. */
  sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &session->earlier_pipe);

  int result = make_directory(session);
  if (result < 0) {
    const char *asked = option_settings_value(&session->request->settings, "report_file");
    if (asked != NULL)
      snprintf(session->records, sizeof session->records, "%s", asked);
    else
      option_settings_store(&session->request->settings, "report_file", session->records);
    enum { OWNER_ONLY = 0600 };
    session->record_descriptor =
        open(session->records, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, OWNER_ONLY);
    if (session->record_descriptor < 0) {
      message_error("%s: %s; name another file with --report-file", session->records, strerror(errno));
      result = EXIT_CODE_NOT_STARTED;
    }
  }
  if (result < 0)
    session->reader = record_reader_create(session->record_descriptor, 0);
  else
    check_session_end(session);
  return result;
}

void check_session_end(struct check_session *session) {
  if (session->directory[0] != '\0') {
    static const char *const names[] = {"records", "input", "output-1", "output-2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
      char path[PATH_MAX + 16];
      snprintf(path, sizeof path, "%s/%s", session->directory, names[i]);
      unlink(path);
    }
    rmdir(session->directory);
    session->directory[0] = '\0';
  }
  sigaction(SIGCHLD, &session->earlier_child, NULL);
  sigprocmask(SIG_SETMASK, &session->earlier, NULL);
}

static void set_number(struct option_settings *settings, const char *name, const char *format, unsigned number) {
  char text[OPTION_TEXT_BYTES];
  snprintf(text, sizeof text, format, number); // NOLINT(clang-diagnostic-format-nonliteral)
  option_settings_store(settings, name, text);
}

/* In the new process. Never returns. */
static void become(struct check_session *session, struct check_plan plan, const char *settings, int failure) {
  extern char **environ;
  sigaction(SIGCHLD, &session->earlier_child, NULL);
  sigaction(SIGPIPE, &session->earlier_pipe, NULL);
  sigprocmask(SIG_SETMASK, &session->earlier, NULL);
  const int wanted[] = {plan.input, plan.output, plan.error};
  bool set = true;
  for (int i = 0; i < 3; i++)
    set = set && (wanted[i] < 0 || dup2(wanted[i], i) >= 0);
  char *preload = session->library[0] != '\0' ? launch_preload_text(session->library, getenv("LD_PRELOAD")) : NULL;
  set = set && setenv("FREEHOLD", settings, 1) == 0 && (preload == NULL || setenv("LD_PRELOAD", preload, 1) == 0);
  if (set)
    execve(session->program, session->request->program, environ);
  int error = errno;
  if (write(failure, &error, sizeof error) < 0)
    _exit(EXIT_CODE_NOT_STARTED);
  _exit(EXIT_CODE_NOT_FOUND);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct library_search {
  const char *base; /* of its path: a process may have another root */
  bool found;
};

static const char *base_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static bool note_library(void *context, const struct process_mapping *mapping) {
  struct library_search *search = context;
  const char *base = base_of(mapping->path);
  search->found = strncmp(base, search->base, strcspn(search->base, ".")) == 0;
  return search->found;
}

static bool has_library(const struct check_session *session, pid_t pid) {
  struct library_search search = {.base = base_of(session->library)};
  return process_each_file(pid, note_library, &search) == 0 && search.found;
}

/* Its number may be another's by now, or another namespace's: it must have the library. One that is just calling exec
 * has not, for a moment. */
static bool goes_on(const struct check_session *session, const struct checked_process *process) {
  const struct timespec moment = {0, 20 * 1000000L};
  pid_t pid = (pid_t)process->pid;
  for (int looks = 0; looks < 2; looks++) {
    if (process->has_summary || process_has_ended(pid))
      return false;
    if (has_library(session, pid))
      return true;
    nanosleep(&moment, NULL);
  }
  return false;
}

/* Whether somebody else has the file of the records open: also a process that has not yet said that it is there. A lease
 * is granted to whoever is alone with a file (fcntl(2), F_SETLEASE); where there are none, nobody is. */
static bool records_are_open(const struct check_session *session) {
  if (fcntl(session->record_descriptor, F_SETLEASE, F_WRLCK) != 0)
    return errno == EAGAIN;
  fcntl(session->record_descriptor, F_SETLEASE, F_UNLCK);
  return false;
}

const char *check_session_look_for_left(struct check_session *session) {
  const struct findings *findings = session->findings;
  const char *command = NULL;
  session->left_count = 0;
  for (size_t i = findings->process_count; i > 0 && !session->request->no_follow; i--) {
    const struct checked_process *process = findings->processes[i - 1];
    bool seen = false; /* one that has called exec is there several times; the last counts */
    for (size_t j = findings->process_count; j > i && !seen; j--)
      seen = findings->processes[j - 1]->pid == process->pid;
    if (seen || !goes_on(session, process))
      continue;
    session->left = memory_grow(session->left, session->left_count, &session->left_room, sizeof session->left[0]);
    session->left[session->left_count++] = process->pid;
    command = process->command_line;
  }
  return command;
}

/* What the program has left behind is given some time, or all it needs. Who has the file open is there by then, or is
 * somebody who only reads it. */
enum { SAY_SECONDS = 1 };

static void wait_for_left(struct check_session *session, double start) {
  const struct timespec pause = {0, LOOK_MILLISECONDS * 1000000L};
  const struct check_request *request = session->request;
  double from = now();
  while (
      !request->no_follow && !session->interrupted && now() - from < request->wait &&
      (request->timeout <= 0 || now() - start < request->timeout) &&
      (check_session_look_for_left(session) != NULL || (now() - from < SAY_SECONDS && records_are_open(session)))) {
    int signal_number = sigtimedwait(&session->awaited, NULL, &pause);
    session->interrupted |= signal_number > 0 && signal_number != SIGCHLD;
    check_session_take(session, false);
  }
}

/* Waits for the child's end, shows records as they come, and passes on what is meant for it. */
static void follow(struct check_session *session, pid_t child, struct check_run *run) {
  const struct timespec pause = {0, LOOK_MILLISECONDS * 1000000L};
  double start = now();
  int status = 0;
  for (;;) {
    pid_t ended = waitpid(child, &status, WNOHANG);
    check_session_take(session, false);
    if (ended == child || (ended < 0 && errno != EINTR))
      break;
    if (session->request->timeout > 0 && !run->timed_out && now() - start > session->request->timeout) {
      run->timed_out = true;
      kill(child, SIGKILL);
    }
    int signal_number = sigtimedwait(&session->awaited, NULL, &pause);
    if (signal_number == SIGINT || signal_number == SIGQUIT) /* the terminal sent it to the program too */
      session->interrupted = true;
    if (signal_number == SIGTERM || signal_number == SIGHUP) {
      session->interrupted = true;
      kill(child, signal_number);
    }
    /* One that stands still for a debugger (--stop=gdb) would not see it. */
    if (signal_number > 0 && signal_number != SIGCHLD)
      kill(child, SIGCONT);
  }
  enum { SIGNAL_BASE = 128 };
  if (WIFSIGNALED(status))
    run->signal = WTERMSIG(status);
  run->code = run->signal != 0 ? SIGNAL_BASE + run->signal : WEXITSTATUS(status);
  check_session_take(session, false);
  wait_for_left(session, start);
}

int check_session_run(struct check_session *session, struct check_plan plan) {
  struct option_settings *settings = &session->request->settings;
  if (plan.fill >= 0)
    set_number(settings, "fill", "%u", (unsigned)plan.fill);
  if (plan.failed_site > 0)
    set_number(settings, "fail_alloc", "site:%u", plan.failed_site);
  char *merged = option_settings_merge(settings, getenv("FREEHOLD"));
  if (merged == NULL)
    return EXIT_CODE_NOT_STARTED;
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) {
    message_error("can't start the program: %s", strerror(errno));
    free(merged);
    return EXIT_CODE_NOT_STARTED;
  }
  fflush(NULL);
  pid_t child = fork();
  if (child == 0)
    become(session, plan, merged, failure[1]);
  int fork_error = errno, exec_error = 0;
  close(failure[1]);
  free(merged);
  ssize_t count = 0;
  if (child > 0)
    do
      count = read(failure[0], &exec_error, sizeof exec_error);
    while (count < 0 && errno == EINTR);
  close(failure[0]);
  if (child < 0) {
    message_error("can't start the program: %s", strerror(fork_error));
    return EXIT_CODE_NOT_STARTED;
  }
  if (count > 0) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
      continue;
    return launch_report_failure(session->program, exec_error);
  }
  if (session->request->no_follow)
    session->request->filter.only_pid = (uint32_t)child;
  session->findings->run = (unsigned)session->run_count + 1;
  uint64_t errors_before = session->findings->errors;
  session->runs = memory_grow(session->runs, session->run_count, &session->run_room, sizeof session->runs[0]);
  struct check_run *run = &session->runs[session->run_count++];
  run->failed_site = plan.failed_site;
  follow(session, child, run);
  run->errors = session->findings->errors - errors_before;
  return -1;
}

void check_session_destroy(struct check_session *session) {
  record_reader_destroy(&session->reader);
  if (session->record_descriptor >= 0)
    close(session->record_descriptor);
  free(session->runs);
  free(session->left);
  findings_destroy(session->findings);
}
