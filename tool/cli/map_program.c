#include "tool/cli/map_program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/launch.h"
#include "tool/cli/message.h"

struct watch {
  const struct map_program *program;
  int (*look)(void *context, pid_t pid);
  void *context;
  pid_t child;
  bool looked, ended;
  int result; /* of the look */
  int status; /* of wait, once it ended */
};

/* In the child: waits for the parent to be ready, then becomes the program. */
static void become_program(const struct map_program *program, int ready, const sigset_t *signals) {
  char byte;
  if (read(ready, &byte, 1) != 1)
    _exit(EXIT_CODE_USAGE);
  sigprocmask(SIG_SETMASK, signals, NULL);
  if (program->as_is) {
    execvp(program->arguments[0], program->arguments);
    _exit(errno == ENOENT ? EXIT_CODE_NOT_FOUND : EXIT_CODE_NOT_EXECUTABLE);
  }
  size_t count = 0;
  while (program->arguments[count] != NULL)
    count++;
  char **arguments = must_allocate((count + 4) * sizeof *arguments);
  static char own_name[] = "freehold", command[] = "run", end_of_flags[] = "--";
  arguments[0] = own_name;
  arguments[1] = command;
  arguments[2] = end_of_flags;
  memcpy(&arguments[3], program->arguments, count * sizeof *arguments);
  execv("/proc/self/exe", arguments);
  _exit(EXIT_CODE_USAGE);
}

/* It is still this command: the program was not started, and the command has said why. */
static bool is_own_image(pid_t pid) {
  char path[64], own[4096], theirs[4096];
  snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
  ssize_t own_length = readlink("/proc/self/exe", own, sizeof own);
  ssize_t length = readlink(path, theirs, sizeof theirs);
  return own_length > 0 && own_length == length && memcmp(own, theirs, (size_t)length) == 0;
}

static void look_once(struct watch *watch) {
  if (watch->looked || is_own_image(watch->child))
    return;
  watch->looked = true;
  watch->result = watch->look(watch->context, watch->child);
}

/* Lets a stopped program go on as if nobody watched. */
static void handle_stop(struct watch *watch, int status) {
  int signal = WSTOPSIG(status);
  int event = status >> 16;
  if (event == PTRACE_EVENT_EXIT) {
    look_once(watch);
    ptrace(PTRACE_CONT, watch->child, NULL, NULL);
  } else if (event == PTRACE_EVENT_STOP) {
    bool stays = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
    ptrace(stays ? PTRACE_LISTEN : PTRACE_CONT, watch->child, NULL, NULL);
  } else {
    ptrace(PTRACE_CONT, watch->child, NULL, (void *)(intptr_t)signal); // NOLINT(performance-no-int-to-ptr)
  }
}

/* Takes what has happened to the program; `flags` of waitpid. False when nothing has. */
static bool take_event(struct watch *watch, int flags) {
  int status;
  pid_t pid = waitpid(watch->child, &status, flags | __WALL);
  if (pid < 0 && errno == EINTR)
    return true;
  if (pid <= 0) {
    watch->ended = pid < 0;
    return false;
  }
  if (WIFSTOPPED(status)) {
    handle_stop(watch, status);
  } else {
    watch->ended = true;
    watch->status = status;
  }
  return true;
}

static struct timespec time_left(const struct timespec *end) {
  struct timespec now, left = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t nanoseconds = (end->tv_sec - now.tv_sec) * 1000000000ll + (end->tv_nsec - now.tv_nsec);
  if (nanoseconds > 0)
    left = (struct timespec){nanoseconds / 1000000000ll, nanoseconds % 1000000000ll};
  return left;
}

static void watch_until_time(struct watch *watch, const sigset_t *child_signal) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += (time_t)watch->program->after;
  end.tv_nsec += (long)((watch->program->after - (double)(time_t)watch->program->after) * 1e9);
  while (!watch->ended && !watch->looked) {
    struct timespec left = time_left(&end);
    if (left.tv_sec == 0 && left.tv_nsec == 0) {
      look_once(watch);
      break;
    }
    if (!take_event(watch, WNOHANG) && !watch->ended)
      sigtimedwait(child_signal, NULL, &left);
  }
}

static int end_without_look(const struct watch *watch) {
  const char *name = watch->program->arguments[0];
  int code = WIFEXITED(watch->status) ? WEXITSTATUS(watch->status) : -1;
  if (watch->program->as_is && (code == EXIT_CODE_NOT_FOUND || code == EXIT_CODE_NOT_EXECUTABLE))
    return launch_report_not_found(name, code == EXIT_CODE_NOT_FOUND ? ENOENT : EACCES, NULL);
  if (code == EXIT_CODE_MAP_NOT_POSSIBLE)
    message_error("freehold map --as-is starts %s without the Freehold heap", name);
  if (code >= EXIT_CODE_MAP_NOT_POSSIBLE && code <= EXIT_CODE_NOT_FOUND)
    return code; /* freehold run has said why */
  if (WIFSIGNALED(watch->status))
    message_error("%s was ended by signal %d before it could be looked at; with --after=TIME it is looked at sooner",
                  name, WTERMSIG(watch->status));
  else
    message_error("%s ended before it could be looked at; with --after=TIME it is looked at sooner", name);
  return EXIT_CODE_MAP_FAILED;
}

int map_program_run(const struct map_program *program, int (*look)(void *context, pid_t pid), void *context) {
  struct watch watch = {.program = program, .look = look, .context = context};
  int ready[2];
  if (pipe(ready) != 0) {
    message_error("can't start %s: %s", program->arguments[0], strerror(errno));
    return EXIT_CODE_MAP_FAILED;
  }
  sigset_t child_signal, before;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, &before);
  watch.child = fork();
  if (watch.child == 0) {
    close(ready[1]);
    become_program(program, ready[0], &before);
  }
  close(ready[0]);
  /* Interrupts from the terminal reach the program too: it is to end by them, and this command to show it then. */
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  bool good = watch.child > 0 && ptrace(PTRACE_SEIZE, watch.child, NULL, (void *)PTRACE_O_TRACEEXIT) == 0 &&
              write(ready[1], "", 1) == 1;
  int error = errno;
  close(ready[1]);
  if (!good) {
    message_error("can't watch %s: %s. Start it by itself and look at it with freehold map PID",
                  program->arguments[0], strerror(error));
    if (watch.child > 0)
      waitpid(watch.child, NULL, 0);
    return EXIT_CODE_MAP_FAILED;
  }
  if (program->after > 0)
    watch_until_time(&watch, &child_signal);
  while (!watch.ended)
    take_event(&watch, 0);
  return watch.looked ? watch.result : end_without_look(&watch);
}
