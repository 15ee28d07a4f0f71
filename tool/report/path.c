#include "tool/report/path.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tool/report/memory.h"

const char *path_from_here(const char *path) {
  static char here[PATH_MAX];
  if (here[0] == '\0' && getcwd(here, sizeof here) == NULL)
    return path;
  size_t length = strlen(here);
  /* A program built in a directory that is a link's target has the target's name in it, as getcwd has. */
  return length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

char *path_to_uri(const char *path) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  struct text text = {0};
  for (; *path != '\0'; path++) {
    if (strchr(plain, *path) != NULL)
      text_add_bytes(&text, path, 1);
    else
      text_format(&text, "%%%02X", (unsigned char)*path);
  }
  return text_take(&text);
}
