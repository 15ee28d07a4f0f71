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
  }
  enum { SIGNAL_BASE = 128 };
  if (WIFSIGNALED(status))
    run->signal = WTERMSIG(status);
  run->code = run->signal != 0 ? SIGNAL_BASE + run->signal : WEXITSTATUS(status);
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
