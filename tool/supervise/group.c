#include "tool/supervise/group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 64 };

/* 0 or an errno. */
static int write_file(const char *directory, const char *name, const char *text) {
  char path[PATH_MAX + NAME_ROOM + 32];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0)
    return errno;
  size_t length = strlen(text);
  int error = write(descriptor, text, length) == (ssize_t)length ? 0 : errno;
  close(descriptor);
  return error;
}

static FILE *open_file(const char *directory, const char *name) {
  char path[PATH_MAX + NAME_ROOM + 32];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return fopen(path, "re");
}

/* Where cgroup v2 is mounted, and this process's group in it; false when it is not mounted. */
static bool find_own_group(char *path, size_t bytes) {
  FILE *mounts = fopen("/proc/self/mounts", "re");
  if (mounts == NULL)
    return false;
  char line[PATH_MAX], place[512] = "", kind[64];
  bool mounted = false;
  while (!mounted && fgets(line, sizeof line, mounts) != NULL)
    mounted = sscanf(line, "%*s %511s %63s", place, kind) == 2 && strcmp(kind, "cgroup2") == 0;
  fclose(mounts);
  FILE *own = mounted ? fopen("/proc/self/cgroup", "re") : NULL;
  if (own == NULL)
    return false;
  bool found = false;
  while (!found && fgets(line, sizeof line, own) != NULL)
    if (strncmp(line, "0::/", 4) == 0) {
      line[strcspn(line, "\n")] = '\0';
      size_t length = strlen(line);
      if (line[length - 1] == '/')
        line[length - 1] = '\0';
      found = (size_t)snprintf(path, bytes, "%s%s", place, length > 4 ? line + 3 : "") < bytes;
    }
  fclose(own);
  return found;
}

bool group_root_create(struct group_root *root) {
  char own[PATH_MAX - NAME_ROOM];
  root->path[0] = '\0';
  if (!find_own_group(own, sizeof own)) {
    snprintf(root->reason, sizeof root->reason, "cgroup v2 is not mounted");
    return false;
  }
  snprintf(root->path, sizeof root->path, "%s/freehold-run-%ld", own, (long)getpid());
  if (mkdir(root->path, 0755) != 0 && errno != EEXIST) {
    snprintf(root->reason, sizeof root->reason, "no group can be made in %.160s: %s", own, strerror(errno));
    root->path[0] = '\0';
    return false;
  }
  /* Moving a process in is what may be refused; freezing and looking never are then. */
  struct group trial;
  if (!group_create(root, &trial, 0, 0)) {
    snprintf(root->reason, sizeof root->reason, "no group can be made in %.160s: %s", root->path, strerror(errno));
    group_root_remove(root);
    return false;
  }
  int error = group_freeze(&trial, true);
  if (error == 0)
    error = group_freeze(&trial, false);
  if (error == 0) {
    char self[NAME_ROOM];
    snprintf(self, sizeof self, "%ld", (long)getpid());
    error = write_file(trial.path, "cgroup.procs", self);
    int back = write_file(own, "cgroup.procs", self);
    error = error != 0 ? error : back;
  }
  group_remove(&trial);
  if (error == 0)
    return true;
  snprintf(root->reason, sizeof root->reason, "the kernel lets this user make groups, but not use them: %s",
           strerror(error));
  group_root_remove(root);
  return false;
}

void group_root_remove(struct group_root *root) {
  if (root->path[0] != '\0')
    rmdir(root->path);
  root->path[0] = '\0';
}

bool group_create(const struct group_root *root, struct group *group, unsigned number, unsigned attempt) {
  group->path[0] = '\0';
  if (root->path[0] == '\0')
    return false;
  snprintf(group->path, sizeof group->path, "%s/%u-%u", root->path, number, attempt);
  if (mkdir(group->path, 0755) == 0 || errno == EEXIST)
    return true;
  group->path[0] = '\0';
  return false;
}

int group_join(const struct group *group) {
  return write_file(group->path, "cgroup.procs", "0");
}

int group_freeze(const struct group *group, bool frozen) {
  return write_file(group->path, "cgroup.freeze", frozen ? "1" : "0");
}

bool group_cpu(const struct group *group, uint64_t *nanoseconds) {
  FILE *file = open_file(group->path, "cpu.stat");
  if (file == NULL)
    return false;
  char line[128];
  unsigned long long microseconds;
  bool found = false;
  while (!found && fgets(line, sizeof line, file) != NULL)
    found = sscanf(line, "usage_usec %llu", &microseconds) == 1;
  fclose(file);
  if (found)
    *nanoseconds = microseconds * 1000;
  return found;
}

bool group_processes(const struct group *group, struct pid_list *into) {
  FILE *file = open_file(group->path, "cgroup.procs");
  if (file == NULL)
    return false;
  into->count = 0;
  char line[32];
  while (fgets(line, sizeof line, file) != NULL) {
    long pid = strtol(line, NULL, 10);
    if (pid > 0) /* 0: in a PID namespace that this one does not see */
      pid_list_add(into, (pid_t)pid);
  }
  fclose(file);
  return true;
}

int group_kill(const struct group *group) {
  return write_file(group->path, "cgroup.kill", "1");
}

bool group_remove(struct group *group) {
  if (group->path[0] != '\0' && rmdir(group->path) != 0 && errno != ENOENT)
    return false;
  group->path[0] = '\0';
  return true;
}
