#include "tool/proc/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

ssize_t small_file_read(const char *path, char *text, size_t room) {
  text[0] = '\0';
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return -1;
  size_t length = 0;
  ssize_t got = 0;
  while (length < room - 1 && (got = read(file, text + length, room - 1 - length)) > 0)
    length += (size_t)got;
  int error = errno;
  close(file);
  text[length] = '\0';
  errno = error;
  return got < 0 && length == 0 ? -1 : (ssize_t)length;
}

ssize_t small_file_of(pid_t pid, const char *name, char *text, size_t room) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
  return small_file_read(path, text, room);
}
