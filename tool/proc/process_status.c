#include "tool/proc/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t kibibytes(const char *text) {
  return (uint64_t)strtoull(text, NULL, 10) * 1024;
}

int process_read_status(pid_t pid, struct process_status *out) {
  memset(out, 0, sizeof *out);
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return errno == ENOENT ? ESRCH : errno;
  enum { KERNEL_THREADS_PARENT = 2 }; /* kthreadd; what Linux before 6.10 leaves to tell them by */
  bool told = false;
  char line[512];
  while (fgets(line, sizeof line, file) != NULL) {
    char *value = strchr(line, ':');
    if (value == NULL)
      continue;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcmp(line, "State") == 0)
      out->state = value[0];
    else if (strcmp(line, "VmRSS") == 0)
      out->rss_bytes = kibibytes(value);
    else if (strcmp(line, "VmHWM") == 0)
      out->peak_rss_bytes = kibibytes(value);
    else if (strcmp(line, "VmSize") == 0)
      out->has_memory = true;
    else if (strcmp(line, "Kthread") == 0)
      told = true, out->kernel_thread = value[0] == '1';
    else if (strcmp(line, "PPid") == 0 && !told)
      out->kernel_thread = atoi(value) == KERNEL_THREADS_PARENT || pid == KERNEL_THREADS_PARENT;
    else if (strcmp(line, "Uid") == 0)
      out->user = (uid_t)strtoul(value, NULL, 10);
  }
  fclose(file);
  return out->state == '\0' ? ESRCH : 0;
}

bool process_has_ended(pid_t pid) {
  struct process_status status;
  if (process_read_status(pid, &status) != 0 || status.state == 'Z' || status.state == 'X')
    return true;
  return !status.has_memory && !status.kernel_thread;
}
