#include "tool/supervise/peaks.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char first_line[] = "freehold-peaks-1\n";

enum { OWNER_ONLY = 0700 };

/* The directory in `path`; false when there is no place for it. */
static bool find_directory(char *path, size_t bytes) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  int length = -1;
  if (state != NULL && state[0] == '/')
    length = snprintf(path, bytes, "%s/freehold", state);
  else if (home != NULL && home[0] == '/')
    length = snprintf(path, bytes, "%s/.local/state/freehold", home);
  return length > 0 && (size_t)length < bytes;
}

static bool find_file(const struct job_list *list, char *path, size_t bytes) {
  char directory[PATH_MAX];
  return find_directory(directory, sizeof directory) &&
         (size_t)snprintf(path, bytes, "%s/peaks-%016" PRIx64, directory, job_list_identity(list)) < bytes;
}

void peaks_read(const struct job_list *list, struct job *jobs, size_t count) {
  char path[PATH_MAX], line[128];
  FILE *file = find_file(list, path, sizeof path) ? fopen(path, "re") : NULL;
  if (file == NULL)
    return;
  bool known = fgets(line, sizeof line, file) != NULL && strcmp(line, first_line) == 0;
  for (size_t i = 0; known && i < count && fgets(line, sizeof line, file) != NULL; i++) {
    uint64_t identity, peak;
    if (sscanf(line, "%" SCNx64 " %" SCNu64, &identity, &peak) == 2 &&
        identity == job_command_identity(jobs[i].command))
      jobs[i].learned = peak;
  }
  fclose(file);
}

/* Makes the directory and those above it. */
static void make_directories(char *path) {
  for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    mkdir(path, OWNER_ONLY);
    *slash = '/';
  }
}

/* Of one that did not come to its end, what was seen is only the least that it may need. */
static uint64_t peak_to_keep(const struct job *job) {
  bool whole = job->state == JOB_ENDED && !job_has_failed(job);
  return !whole && job->learned > job->peak ? job->learned : job->peak;
}

int peaks_write(const struct job_list *list, const struct job *jobs, size_t count) {
  char path[PATH_MAX], fresh[PATH_MAX + 32];
  if (!find_file(list, path, sizeof path))
    return ENOENT;
  make_directories(path);
  snprintf(fresh, sizeof fresh, "%s.%ld", path, (long)getpid());
  FILE *file = fopen(fresh, "we");
  if (file == NULL)
    return errno;
  fputs(first_line, file);
  for (size_t i = 0; i < count; i++)
    fprintf(file, "%016" PRIx64 " %" PRIu64 "\n", job_command_identity(jobs[i].command), peak_to_keep(&jobs[i]));
  int error = fflush(file) == 0 && fsync(fileno(file)) == 0 ? 0 : errno;
  if (fclose(file) != 0 && error == 0)
    error = errno;
  if (error == 0 && rename(fresh, path) != 0)
    error = errno;
  if (error != 0)
    unlink(fresh);
  return error;
}
