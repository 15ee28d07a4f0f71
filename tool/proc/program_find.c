#include "tool/proc/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_candidate(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0)
    return errno == ENOTDIR || errno == ENAMETOOLONG || errno == ELOOP ? ENOENT : errno;
  if (S_ISDIR(status.st_mode))
    return EISDIR;
  if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0)
    return EACCES;
  return 0;
}

int program_find(const char *name, const char *search_path, char *path) {
  if (name[0] == '\0')
    return ENOENT;
  if (strchr(name, '/') != NULL) {
    snprintf(path, PATH_MAX, "%s", name);
    return strlen(name) < PATH_MAX ? check_candidate(path) : ENOENT;
  }
  char fallback[PATH_MAX];
  if (search_path == NULL) {
    confstr(_CS_PATH, fallback, sizeof fallback);
    search_path = fallback;
  }
  int result = ENOENT;
  for (const char *directory = search_path;;) {
    size_t length = strcspn(directory, ":");
    /* An empty element is the current directory (POSIX.1-2017, 8.3). */
    int written = length == 0 ? snprintf(path, PATH_MAX, "./%s", name)
                              : snprintf(path, PATH_MAX, "%.*s/%s", (int)length, directory, name);
    int error = written < PATH_MAX ? check_candidate(path) : ENOENT;
    if (error == 0)
      return 0;
    /* A file that is there but can't be run is worth a word when nothing better comes; a directory of others is not. */
    if (error == EACCES && access(path, F_OK) == 0)
      result = EACCES;
    if (directory[length] == '\0')
      return result;
    directory += length + 1;
  }
}
