/* program_script.c: from a script to the program that interprets it. */
#include "tool/proc/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  INTERPRETER_LEVELS = 4, /* the kernel follows as many #! lines (fs/exec.c) */
  LINE_BYTES = 256,       /* and reads as much of each (BINPRM_BUF_SIZE) */
};

static const char blanks[] = " \t";

/* What `env` on a #! line does to the words after it; only what decides about the preloaded library. */
enum env_result { ENV_RUNS, ENV_CLEARS, ENV_UNKNOWN };

static bool takes_argument(const char *word) {
  return strcmp(word, "-u") == 0 || strcmp(word, "-C") == 0 || strcmp(word, "--unset") == 0 ||
         strcmp(word, "--chdir") == 0;
}

/* The program that `env arguments` runs. Without -S the kernel hands over everything after `env` as one word. */
static enum env_result env_program(char *arguments, char *name, size_t bytes) {
  bool split = false;
  if (strncmp(arguments, "-S", 2) == 0) {
    arguments += 2;
    split = true;
  } else if (strncmp(arguments, "--split-string=", strlen("--split-string=")) == 0) {
    arguments += strlen("--split-string=");
    split = true;
  }
  if (!split) {
    if (strcmp(arguments, "-i") == 0 || strcmp(arguments, "-") == 0)
      return ENV_CLEARS;
    snprintf(name, bytes, "%s", arguments);
    return arguments[0] == '-' || arguments[0] == '\0' ? ENV_UNKNOWN : ENV_RUNS;
  }
  char *rest = NULL;
  for (char *word = strtok_r(arguments, blanks, &rest); word != NULL; word = strtok_r(NULL, blanks, &rest)) {
    if (strcmp(word, "-i") == 0 || strcmp(word, "-") == 0 || strcmp(word, "--ignore-environment") == 0)
      return ENV_CLEARS;
    if (takes_argument(word)) {
      const char *argument = strtok_r(NULL, blanks, &rest);
      if (argument != NULL && strcmp(argument, "LD_PRELOAD") == 0)
        return ENV_CLEARS;
    } else if (strcmp(word, "-uLD_PRELOAD") == 0 || strcmp(word, "--unset=LD_PRELOAD") == 0) {
      return ENV_CLEARS;
    } else if (word[0] != '-' && strchr(word, '=') == NULL) {
      snprintf(name, bytes, "%s", word);
      return ENV_RUNS;
    }
  }
  return ENV_UNKNOWN;
}

/* Reads the first line. Its length, or -1 with errno. */
static ssize_t read_line(const char *path, char *line) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0)
    return -1;
  ssize_t length = read(descriptor, line, LINE_BYTES - 1);
  int error = errno;
  close(descriptor);
  errno = error;
  if (length >= 0) {
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
  }
  return length;
}

enum program_verdict program_examine(const char *path, const char *library_path, char *reason) {
  char current[PATH_MAX];
  snprintf(current, sizeof current, "%s", path);
  for (int level = 0; level <= INTERPRETER_LEVELS; level++) {
    char line[LINE_BYTES];
    ssize_t length = read_line(current, line);
    if (length < 0) {
      snprintf(reason, PROGRAM_REASON_BYTES, "%s can't be examined: %s. Make it readable for this user", current,
               strerror(errno));
      return PROGRAM_REFUSED;
    }
    if (length >= 4 && memcmp(line, "\177ELF", 4) == 0)
      return program_examine_elf(current, library_path, reason);
    if (length < 2 || line[0] != '#' || line[1] != '!') {
      snprintf(reason, PROGRAM_REASON_BYTES,
               "%s is neither an ELF program nor a script with a #! line. If it is a shell script, run: sh %s",
               current, current);
      return PROGRAM_NOT_EXECUTABLE;
    }
    char *interpreter = line + 2 + strspn(line + 2, blanks);
    size_t interpreter_length = strcspn(interpreter, " \t");
    char *arguments = interpreter + interpreter_length;
    if (*arguments != '\0') {
      *arguments++ = '\0';
      arguments += strspn(arguments, blanks);
      for (size_t end = strlen(arguments); end > 0 && strchr(blanks, arguments[end - 1]) != NULL; end--)
        arguments[end - 1] = '\0';
    }
    char next[PATH_MAX], found[PATH_MAX];
    snprintf(next, sizeof next, "%s", interpreter);
    const char *base = strrchr(interpreter, '/');
    if (strcmp(base == NULL ? interpreter : base + 1, "env") == 0) {
      /* env itself is an ordinary program; the one it runs is what matters. */
      enum env_result result = env_program(arguments, next, sizeof next);
      if (result == ENV_CLEARS) {
        snprintf(
            reason, PROGRAM_REASON_BYTES,
            "%s: its #! line has env clear the environment, and the library with it. Run the interpreter by name",
            current);
        return PROGRAM_REFUSED;
      }
      if (result == ENV_UNKNOWN) {
        snprintf(reason, PROGRAM_REASON_BYTES,
                 "%s: can't tell which program its #! line runs (env %s). Run the interpreter by name", current,
                 arguments);
        return PROGRAM_REFUSED;
      }
    }
    int error = program_find(next, strchr(next, '/') != NULL ? "" : getenv("PATH"), found);
    if (error != 0) {
      snprintf(reason, PROGRAM_REASON_BYTES, "%s asks for the interpreter %s: %s. Install it, or correct the #! line",
               current, next, strerror(error));
      return PROGRAM_NOT_EXECUTABLE;
    }
    snprintf(current, sizeof current, "%s", found);
  }
  snprintf(reason, PROGRAM_REASON_BYTES,
           "%s: more than %d #! lines lead from one to the next. Run the last one by name", path, INTERPRETER_LEVELS);
  return PROGRAM_NOT_EXECUTABLE;
}
