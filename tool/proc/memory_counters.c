#include "tool/proc/memory_counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_of(pid_t pid, const char *name, int *error) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
  FILE *file = fopen(path, "re");
  *error = file != NULL ? 0 : errno == ENOENT ? ESRCH : errno;
  return file;
}

int memory_counters_read(pid_t pid, struct memory_counters *out) {
  memset(out, 0, sizeof *out);
  int error;
  FILE *file = open_of(pid, "status", &error);
  if (file == NULL)
    return error;
  bool any = false;
  char line[512];
  while (fgets(line, sizeof line, file) != NULL) {
    char *value = strchr(line, ':');
    if (value == NULL)
      continue;
    *value++ = '\0';
    any = true;
    uint64_t number = strtoull(value, NULL, 10);
    if (strstr(value, "kB") != NULL)
      number *= 1024;
#define MEMORY_COUNTER(name, status, label)                                                                          \
  if (strcmp(line, status) == 0)                                                                                     \
    out->name = number;
    MEMORY_COUNTERS(MEMORY_COUNTER)
#undef MEMORY_COUNTER
  }
  fclose(file);
  return any ? 0 : ESRCH;
}

int memory_counters_read_proportional(pid_t pid, uint64_t *bytes) {
  *bytes = 0;
  int error;
  FILE *file = open_of(pid, "smaps_rollup", &error);
  if (file == NULL)
    return error;
  char line[512];
  bool found = false;
  errno = 0;
  while (!found && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "Pss:", strlen("Pss:")) == 0) {
      *bytes = strtoull(line + strlen("Pss:"), NULL, 10) * 1024;
      found = true;
    }
  error = found ? 0 : errno != 0 ? errno : ESRCH;
  fclose(file);
  return error;
}
