#include "tool/proc/library_trial.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool/proc/feature.h"
#include "tool/proc/library.h"
#include "tool/proc/program.h"

enum { SAID_BYTES = 4096, TRIAL_MILLISECONDS = 10000 };

static void become_program(const char *program, const char *library, int error_descriptor) {
  dup2(error_descriptor, STDERR_FILENO);
  setenv("LD_PRELOAD", library, 1);
  setenv("FREEHOLD", "verbose=on", 1);
  execl(program, program, "--version", (char *)NULL);
  _exit(127);
}

/* What arrives until the other end closes, or the time is up. */
static bool read_all(int descriptor, char *said) {
  size_t length = 0;
  bool ended = false;
  struct pollfd wait = {.fd = descriptor, .events = POLLIN};
  while (!ended && poll(&wait, 1, TRIAL_MILLISECONDS) > 0) {
    char piece[512];
    ssize_t count = read(descriptor, piece, sizeof piece);
    if (count < 0 && errno == EINTR)
      continue;
    ended = count <= 0;
    for (ssize_t i = 0; i < count && length < SAID_BYTES - 1; i++)
      said[length++] = piece[i];
  }
  said[length] = '\0';
  return ended;
}

static bool judge(bool ended, int status, const char *said, const char *library, char *value) {
  if (!ended)
    snprintf(value, FEATURE_VALUE_BYTES, "a program under it did not end in %d s", TRIAL_MILLISECONDS / 1000);
  else if (WIFSIGNALED(status))
    snprintf(value, FEATURE_VALUE_BYTES, "a program under it died: %s", strsignal(WTERMSIG(status)));
  else if (strstr(said, "ERROR: ld.so") != NULL)
    snprintf(value, FEATURE_VALUE_BYTES, "the loader does not take it: %.200s", said);
  else if (WEXITSTATUS(status) != 0)
    snprintf(value, FEATURE_VALUE_BYTES, "a program under it ended with code %d", WEXITSTATUS(status));
  else if (strstr(said, "freehold: ") == NULL)
    snprintf(value, FEATURE_VALUE_BYTES, "%.200s does not answer: not Freehold?", library);
  else {
    snprintf(value, FEATURE_VALUE_BYTES, "%.250s", library);
    return true;
  }
  value[strcspn(value, "\n")] = '\0';
  return false;
}

bool library_trial(char *value) {
  static char library[PATH_MAX], reason[PROGRAM_REASON_BYTES];
  if (library_find(LIBRARY_HEAP, library, reason) != 0) {
    snprintf(value, FEATURE_VALUE_BYTES, "%.250s", reason);
    return false;
  }
  /* Where there is no such program, or a static one, this one must do: it ends at once too. */
  const char *program = "/bin/true";
  if (access(program, X_OK) != 0 || program_examine(program, library, reason) != PROGRAM_FITS)
    program = "/proc/self/exe";
  int ends[2];
  if (pipe(ends) != 0) {
    snprintf(value, FEATURE_VALUE_BYTES, "%s", strerror(errno));
    return false;
  }
  int output[2] = {-1, -1};
  fflush(NULL);
  pid_t child = pipe(output) == 0 ? fork() : -1;
  if (child == 0) {
    dup2(output[1], STDOUT_FILENO); /* nobody reads what it prints; it is less than a pipe holds */
    close(ends[0]);
    become_program(program, library, ends[1]);
  }
  close(ends[1]);
  bool ended = false;
  int status = 0;
  char said[SAID_BYTES] = "";
  if (child > 0) {
    ended = read_all(ends[0], said);
    if (!ended)
      kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
      continue;
  }
  close(ends[0]);
  if (output[0] >= 0) {
    close(output[0]);
    close(output[1]);
  }
  if (child < 0) {
    snprintf(value, FEATURE_VALUE_BYTES, "%s", strerror(errno));
    return false;
  }
  return judge(ended, status, said, library, value);
}
