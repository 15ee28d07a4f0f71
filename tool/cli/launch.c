#include "tool/cli/launch.h"

#include <errno.h>
#include <string.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"

int launch_report_not_found(const char *name, int error, const struct option *last_bare) {
  if (error == EACCES || error == EISDIR) {
    message_error("%s: %s; %s", name, error == EISDIR ? "is a directory" : "is not executable for this user",
                  error == EISDIR ? "name a program" : "chmod +x it, or name its interpreter");
    return EXIT_CODE_NOT_EXECUTABLE;
  }
  if (last_bare != NULL && last_bare->words != NULL && strstr(last_bare->words, name) != NULL) {
    char flag[OPTION_TEXT_BYTES];
    option_flag_name(last_bare, flag, sizeof flag);
    message_error("%s: no such program; if it is the value of --%s, write --%s=%s", name, flag, flag, name);
  } else {
    message_error("%s: no such program; %s", name,
                  strchr(name, '/') != NULL ? "check the path" : "it is not on PATH, check the name or give a path");
  }
  return EXIT_CODE_NOT_FOUND;
}

char *launch_preload_text(const char *library, const char *existing) {
  size_t bytes = strlen(library) + (existing != NULL ? strlen(existing) : 0) + 2;
  char *text = must_allocate(bytes);
  strcpy(text, library);
  for (const char *at = existing; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, " :");
    if (length > 0 && !(strlen(library) == length && memcmp(at, library, length) == 0)) {
      strcat(text, ":");
      strncat(text, at, length);
    }
    at += length + (at[length] != '\0');
  }
  return text;
}

int launch_report_failure(const char *path, int error) {
  if (error == ENOEXEC)
    message_error("%s: the kernel does not know this kind of file; if it is a shell script, run: sh %s", path, path);
  else
    message_error("%s: can't be executed: %s", path, strerror(error));
  return error == ENOENT ? EXIT_CODE_NOT_FOUND : EXIT_CODE_NOT_EXECUTABLE;
}
