#include "tool/proc/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/small_file.h"

/* "pid (name) state parent ...": the name may have blanks and parentheses itself, so its end is the last one. */
static bool read_stat(pid_t pid, struct tree_process *out) {
  char text[512];
  if (small_file_of(pid, "stat", text, sizeof text) <= 0)
    return false;
  char *name = strchr(text, '('), *end = strrchr(text, ')');
  if (name == NULL || end == NULL || end < name)
    return false;
  *end = '\0';
  *out = (struct tree_process){.pid = pid, .parent = (pid_t)atol(end + strlen(") S "))};
  snprintf(out->name, sizeof out->name, "%s", name + 1);
  return true;
}

int process_list_read(struct tree_process **all, size_t *count) {
  *all = NULL;
  *count = 0;
  DIR *folder = opendir("/proc");
  if (folder == NULL)
    return errno;
  size_t room = 0;
  int error = 0;
  for (struct dirent *entry; error == 0 && (entry = readdir(folder)) != NULL;) {
    struct tree_process process;
    pid_t pid = (pid_t)atol(entry->d_name);
    if (pid <= 0 || !read_stat(pid, &process))
      continue;
    if (*count == room) {
      room = room == 0 ? 256 : 2 * room;
      struct tree_process *more = reallocarray(*all, room, sizeof more[0]);
      if (more == NULL) {
        error = ENOMEM;
        break;
      }
      *all = more;
    }
    (*all)[(*count)++] = process;
  }
  closedir(folder);
  if (error != 0) {
    free(*all);
    *all = NULL;
    *count = 0;
  }
  return error;
}

static void swap(struct tree_process *one, struct tree_process *other) {
  struct tree_process kept = *one;
  *one = *other;
  *other = kept;
}

int process_tree_read(pid_t root, struct tree_process **all, size_t *count) {
  int error = process_list_read(all, count);
  if (error != 0)
    return error;
  /* The front part is the tree so far; whoever has a parent in it joins. */
  size_t size = 0;
  for (size_t i = 0; i < *count && size == 0; i++)
    if ((*all)[i].pid == root)
      swap(&(*all)[i], &(*all)[size++]);
  for (size_t parent = 0; parent < size; parent++)
    for (size_t i = size; i < *count; i++)
      if ((*all)[i].parent == (*all)[parent].pid)
        swap(&(*all)[i], &(*all)[size++]);
  *count = size;
  if (size > 0)
    return 0;
  free(*all);
  *all = NULL;
  return ESRCH;
}
