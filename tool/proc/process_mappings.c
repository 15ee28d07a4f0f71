#include "tool/proc/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel writes a newline in a path as \012, and nothing else that way (proc(5)). */
static void unescape(char *path) {
  char *to = path;
  for (const char *from = path; *from != '\0'; to++) {
    if (strncmp(from, "\\012", 4) == 0) {
      *to = '\n';
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

/* One line: start-end permissions offset device inode path. False for what is no file's. */
static bool parse_line(char *line, struct process_mapping *out) {
  line[strcspn(line, "\n")] = '\0';
  char *at = line;
  out->start = strtoull(at, &at, 16);
  if (*at != '-')
    return false;
  out->end = strtoull(at + 1, &at, 16);
  at += strspn(at, " ");
  size_t permissions = strcspn(at, " ");
  out->has_code = memchr(at, 'x', permissions) != NULL;
  at += permissions;
  out->file_offset = strtoull(at, &at, 16);
  at += strspn(at, " ");
  at += strcspn(at, " ");
  out->inode = strtoull(at, &at, 10);
  at += strspn(at, " ");
  if (out->inode == 0 || *at != '/')
    return false;
  static const char deleted[] = " (deleted)";
  size_t length = strlen(at);
  out->deleted = length > strlen(deleted) && strcmp(at + length - strlen(deleted), deleted) == 0;
  if (out->deleted)
    at[length - strlen(deleted)] = '\0';
  unescape(at);
  snprintf(out->path, sizeof out->path, "%s", at);
  return true;
}

/* A file's pieces lie side by side, the one that holds its header first: it is told once all of them were seen. */
struct walk {
  struct process_mapping file; /* inode 0: none yet */
  bool (*visit)(void *context, const struct process_mapping *mapping);
  void *context;
};

static bool tell(struct walk *walk) {
  bool stop = walk->file.inode != 0 && walk->visit(walk->context, &walk->file);
  walk->file.inode = 0;
  return stop;
}

static bool see_line(struct walk *walk, char *line) {
  struct process_mapping mapping;
  if (!parse_line(line, &mapping))
    return false;
  if (mapping.inode == walk->file.inode) {
    walk->file.has_code |= mapping.has_code;
    return false;
  }
  bool stop = tell(walk);
  walk->file = mapping;
  return stop;
}

int process_each_file(pid_t pid, bool (*visit)(void *context, const struct process_mapping *mapping), void *context) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return errno == ENOENT ? ESRCH : errno;
  struct walk walk = {.visit = visit, .context = context};
  char *line = NULL;
  size_t capacity = 0;
  bool stop = false;
  errno = 0;
  while (!stop && getline(&line, &capacity, file) >= 0) {
    stop = see_line(&walk, line);
    errno = 0;
  }
  int error = stop ? 0 : errno;
  if (!stop && error == 0)
    tell(&walk);
  free(line);
  fclose(file);
  return error;
}

bool process_openable_path(pid_t pid, const struct process_mapping *mapping, char *path) {
  struct stat status;
  /* Only the inode is compared: overlay and btrfs show another device number in maps than in stat. */
  snprintf(path, PROCESS_OPENABLE_BYTES, "/proc/%ld/root%s", (long)pid, mapping->path);
  if (!mapping->deleted && stat(path, &status) == 0 && status.st_ino == mapping->inode)
    return true;
  snprintf(path, PROCESS_OPENABLE_BYTES, "/proc/%ld/exe", (long)pid);
  if (stat(path, &status) == 0 && status.st_ino == mapping->inode)
    return true;
  snprintf(path, PROCESS_OPENABLE_BYTES, "/proc/%ld/map_files/%llx-%llx", (long)pid,
           (unsigned long long)mapping->start, (unsigned long long)mapping->end);
  return access(path, R_OK) == 0;
}
