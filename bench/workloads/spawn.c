/*
 * spawn: what it costs to start and end a program.
 *
 *   spawn [--preload LIBRARY] --times N PROGRAM [ARGUMENT]...   prints "nanoseconds_per_run X"
 *   spawn [--preload LIBRARY] --rss     PROGRAM [ARGUMENT]...   prints "rss_at_exit_bytes X"
 *
 * --rss stops the program in its exit, while its memory is still there, and adds up its page tables: the kernel's own
 * peak counters are kept per CPU and may be off by more than what is to be measured.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int print_time(char **command, unsigned long times) {
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (unsigned long i = 0; i < times; i++) {
    pid_t child;
    int status;
    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) != 0)
      return fail(command[0]);
    if (waitpid(child, &status, 0) != child || status != 0)
      return fail("the program did not end well");
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  double spent = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
  printf("nanoseconds_per_run %.0f\n", spent / (double)times);
  return 0;
}

static long resident_kibibytes(pid_t process) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
  FILE *file = fopen(path, "r");
  long kibibytes = -1;
  while (file != NULL && kibibytes < 0 && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "Rss: %ld kB", &kibibytes) != 1)
      kibibytes = -1;
  if (file != NULL)
    fclose(file);
  return kibibytes;
}

static int print_resident(char **command) {
  pid_t child = fork();
  if (child < 0)
    return fail("fork");
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execvp(command[0], command);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
    return fail("the program did not stop");
  ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(long)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL));
  for (int signal_number = 0;;) {
    ptrace(PTRACE_CONT, child, NULL, (void *)(long)signal_number);
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
      return fail("the program ended unseen");
    if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)))
      break;
    signal_number = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
  }
  long kibibytes = resident_kibibytes(child);
  ptrace(PTRACE_CONT, child, NULL, NULL);
  waitpid(child, &status, 0);
  if (kibibytes < 0 || status != 0)
    return fail("cannot read the program's memory");
  printf("rss_at_exit_bytes %ld\n", kibibytes * 1024);
  return 0;
}

int main(int argc, char **argv) {
  unsetenv("LD_PRELOAD");
  for (int next = 1; next < argc; next++) {
    if (strcmp(argv[next], "--preload") == 0 && next + 1 < argc)
      setenv("LD_PRELOAD", argv[++next], 1);
    else if (strcmp(argv[next], "--times") == 0 && next + 2 < argc)
      return print_time(argv + next + 2, strtoul(argv[next + 1], NULL, 10));
    else if (strcmp(argv[next], "--rss") == 0 && next + 1 < argc)
      return print_resident(argv + next + 1);
    else
      break;
  }
  fputs("usage: spawn [--preload LIBRARY] (--times N | --rss) PROGRAM [ARGUMENT]...\n", stderr);
  return 2;
}
