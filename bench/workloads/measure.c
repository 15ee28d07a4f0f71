/*
 * measure: runs one command and writes what it cost.
 *
 *   measure --report FILE [--preload LIBRARY] [--timeout SECONDS] COMMAND [ARGUMENT]...
 *
 * FILE gets one line: wall nanoseconds, user microseconds, system microseconds, peak RSS in KiB of the largest process
 * of the tree, exit status (128 + signal when a signal ended it, 124 when time ran out). Standard input, output and
 * error are the command's own; LIBRARY is preloaded into the command alone.
 *
 * It exists because the kernel starts a new program's peak RSS at what its parent held at exec: under Python, every
 * small program would look like fifteen megabytes. This parent holds one and a half.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { STATUS_SIGNAL = 128, STATUS_TIMEOUT = 124, STATUS_USAGE = 2, STATUS_NOT_STARTED = 127 };

static volatile pid_t child;
static volatile sig_atomic_t out_of_time;

static void end_child(int signal_number) {
  out_of_time = signal_number == SIGALRM;
  kill(-child, SIGKILL);
}

static long long elapsed_nanoseconds(const struct timespec *from, const struct timespec *to) {
  return (to->tv_sec - from->tv_sec) * 1000000000ll + (to->tv_nsec - from->tv_nsec);
}

static long long microseconds(const struct timeval *time) {
  return time->tv_sec * 1000000ll + time->tv_usec;
}

int main(int argc, char **argv) {
  const char *report = NULL;
  int next = 1;
  unsigned timeout = 0;
  unsetenv("LD_PRELOAD");
  for (; next + 1 < argc && strncmp(argv[next], "--", 2) == 0; next += 2) {
    if (strcmp(argv[next], "--report") == 0)
      report = argv[next + 1];
    else if (strcmp(argv[next], "--preload") == 0)
      setenv("LD_PRELOAD", argv[next + 1], 1);
    else if (strcmp(argv[next], "--timeout") == 0)
      timeout = (unsigned)strtoul(argv[next + 1], NULL, 10);
    else
      break;
  }
  if (report == NULL || next >= argc) {
    fputs("usage: measure --report FILE [--preload LIBRARY] [--timeout SECONDS] COMMAND [ARGUMENT]...\n", stderr);
    return STATUS_USAGE;
  }

  /* A process group of its own, so that a timeout ends all of the command and nothing else. */
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);

  struct timespec start, end;
  pid_t started;
  clock_gettime(CLOCK_MONOTONIC, &start);
  int error = posix_spawnp(&started, argv[next], NULL, &attributes, argv + next, environ);
  if (error != 0) {
    fprintf(stderr, "measure: %s: %s\n", argv[next], strerror(error));
    return STATUS_NOT_STARTED;
  }
  child = started;
  struct sigaction action = {.sa_handler = end_child, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  alarm(timeout);

  int status;
  struct rusage usage;
  while (wait4(started, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  clock_gettime(CLOCK_MONOTONIC, &end);

  int code = WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
  if (out_of_time)
    code = STATUS_TIMEOUT;
  FILE *out = fopen(report, "w");
  if (out == NULL) {
    perror(report);
    return STATUS_USAGE;
  }
  fprintf(out, "%lld %lld %lld %ld %d\n", elapsed_nanoseconds(&start, &end), microseconds(&usage.ru_utime),
          microseconds(&usage.ru_stime), usage.ru_maxrss, code);
  return fclose(out) == 0 ? 0 : STATUS_USAGE;
}
