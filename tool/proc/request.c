#include "tool/proc/request.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tool/proc/process.h"

__attribute__((format(printf, 3, 4))) static enum request_result say(enum request_result result, char *reason,
                                                                     const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, REQUEST_REASON_BYTES, format, arguments);
  va_end(arguments);
  return result;
}

/* What a status file says; masks have bit N-1 for signal N. */
struct status {
  char state;
  uid_t user;
  gid_t group;
  uint64_t blocked, caught;
};

/* 0 or an errno. */
static int read_status(const char *path, struct status *status) {
  *status = (struct status){0};
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return errno == ENOENT ? ESRCH : errno;
  char line[512];
  while (fgets(line, sizeof line, file) != NULL) {
    unsigned real, effective;
    if (sscanf(line, "Uid: %u %u", &real, &effective) == 2)
      status->user = effective;
    else if (sscanf(line, "Gid: %u %u", &real, &effective) == 2)
      status->group = effective;
    else if (sscanf(line, "State: %c", &status->state) != 1 &&
             sscanf(line, "SigBlk: %" SCNx64, &status->blocked) != 1)
      sscanf(line, "SigCgt: %" SCNx64, &status->caught);
  }
  fclose(file);
  return status->state == '\0' ? ESRCH : 0;
}

/* The signal that the process answers to, 0 when it has no such mapping, -1 for another version; or a negative errno less
 * than that. */
enum { OTHER_VERSION = -1, UNREADABLE = -2 };

static int read_signal(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return UNREADABLE;
  char *line = NULL;
  size_t room = 0;
  int result = 0;
  errno = 0;
  while (result == 0 && getline(&line, &room, file) >= 0) {
    const char *found = strstr(line, FH_REQUEST_MAPPING);
    unsigned version, number;
    if (found != NULL && sscanf(found + strlen(FH_REQUEST_MAPPING), "%u-%u", &version, &number) == 2)
      result = version != FH_REQUEST_VERSION || number < 1 || number > 64 ? OTHER_VERSION : (int)number;
  }
  if (result == 0 && ferror(file))
    result = UNREADABLE;
  free(line);
  fclose(file);
  return result;
}

/* Whether some thread of the process takes the signal. */
static bool has_listener(pid_t pid, uint64_t bit) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
  DIR *threads = opendir(path);
  bool found = threads == NULL; /* not to be told from here */
  for (struct dirent *entry; !found && threads != NULL && (entry = readdir(threads)) != NULL;) {
    char status_path[384];
    struct status status;
    snprintf(status_path, sizeof status_path, "%s/%s/status", path, entry->d_name);
    if (entry->d_name[0] != '.' && read_status(status_path, &status) == 0)
      found = (status.blocked & bit) == 0;
  }
  if (threads != NULL)
    closedir(threads);
  return found;
}

static bool become_user(const struct status *status) {
  if (geteuid() != 0 || status->user == 0)
    return geteuid() == status->user;
  return setresgid(status->group, status->group, status->group) == 0 &&
         setresuid(status->user, status->user, status->user) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

enum request_result request_send(pid_t pid, const struct fh_request *request, const struct request_asker *asker,
                                 int *descriptor, char *reason) {
  long shown = (long)pid;
  char path[64];
  struct status status;
  snprintf(path, sizeof path, "/proc/%ld/status", shown);
  int error = read_status(path, &status);
  if (error == ESRCH || status.state == 'Z' || status.state == 'X')
    return say(REQUEST_NO_PROCESS, reason,
               "process %ld: there is none, or it has ended; pgrep NAME or ps finds those that run", shown);
  if (geteuid() != 0 && geteuid() != status.user)
    return say(REQUEST_NOT_PERMITTED, reason,
               "process %ld belongs to user %u, who alone may ask it. Run %s as that user, or with sudo", shown,
               (unsigned)status.user, asker->command);
  int number = read_signal(pid);
  if (number <= 0 && process_has_ended(pid))
    return say(REQUEST_NO_PROCESS, reason, "process %ld ended meanwhile", shown);
  if (number == UNREADABLE)
    return say(REQUEST_NOT_PERMITTED, reason, "the kernel does not let process %ld be looked at. Run %s with sudo",
               shown, asker->command);
  if (number == 0)
    return say(REQUEST_NOT_CHECKED, reason, "process %ld %s", shown, asker->missing);
  if (number == OTHER_VERSION)
    return say(REQUEST_NOT_CHECKED, reason,
               "process %ld runs with a library of another version. Use the freehold command that came with it",
               shown);
  uint64_t bit = 1ull << (number - 1);
  if ((status.caught & bit) == 0)
    return say(REQUEST_NOT_HEARD, reason,
               "process %ld can't answer: the program took signal %d, by which it is asked, for itself", shown,
               number);
  if (status.state == 'T' || status.state == 't')
    return say(REQUEST_NOT_HEARD, reason, "process %ld is stopped and can't answer; let it go on (kill -CONT %ld)",
               shown, shown);
  if (!has_listener(pid, bit))
    return process_has_ended(pid)
               ? say(REQUEST_NO_PROCESS, reason, "process %ld ended meanwhile", shown)
               : say(REQUEST_NOT_HEARD, reason,
                     "process %ld can't answer: all its threads block signal %d, by which it is asked", shown,
                     number);
  if (!become_user(&status))
    return say(REQUEST_NOT_PERMITTED, reason, "can't become user %u, who alone may ask process %ld: %s",
               (unsigned)status.user, shown, strerror(errno));

  *descriptor = memfd_create("freehold-request", MFD_CLOEXEC);
  if (*descriptor < 0 || write(*descriptor, request, sizeof *request) != (ssize_t)sizeof *request)
    return say(REQUEST_FAILED, reason, "no file for the answer can be made: %s", strerror(errno));
  if (sigqueue(pid, number, (union sigval){.sival_int = *descriptor}) == 0)
    return REQUEST_SENT;
  error = errno;
  close(*descriptor);
  *descriptor = -1;
  if (error == ESRCH)
    return say(REQUEST_NO_PROCESS, reason, "process %ld ended meanwhile", shown);
  return say(error == EPERM ? REQUEST_NOT_PERMITTED : REQUEST_FAILED, reason, "process %ld can't be asked: %s", shown,
             strerror(error));
}
