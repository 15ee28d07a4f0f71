/*
 * generate.c: `freehold generate fill TEMPLATE` writes a manual page or a completion script with the lists filled in
 * from the tables. For the build; not shown in the help.
 *
 * A line of the form @NAME@ or @NAME argument@ is replaced by a list, @VERSION@ anywhere by the version.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freehold.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/generate_lists.h"
#include "tool/cli/message.h"

static const struct {
  const char *name;
  void (*write)(FILE *to, const char *command);
} lists[] = {
    {"MAN_COMMANDS", generate_man_commands},     {"MAN_FLAGS", generate_man_flags},
    {"MAN_OPTIONS", generate_man_options},       {"MAN_SETTINGS", generate_man_settings},
    {"MAN_EXIT_CODES", generate_man_exit_codes}, {"BASH_COMMANDS", generate_bash_commands},
    {"BASH_FLAGS", generate_bash_flags},         {"BASH_VALUES", generate_bash_values},
    {"ZSH_COMMANDS", generate_zsh_commands},     {"ZSH_FLAGS", generate_zsh_flags},
    {"FISH_COMMANDS", generate_fish_commands},   {"FISH_FLAGS", generate_fish_flags},
};

/* The line between its @ signs, with the blanks around gone; false when it is not of that form. */
static bool read_placeholder(const char *line, char *name, size_t bytes, const char **argument) {
  const char *begin = line + strspn(line, " ");
  size_t length = strcspn(begin, "\n");
  if (length < 3 || begin[0] != '@' || begin[length - 1] != '@' || length >= bytes ||
      memchr(begin + 1, '@', length - 2) != NULL)
    return false;
  snprintf(name, bytes, "%.*s", (int)(length - 2), begin + 1);
  char *space = strchr(name, ' ');
  *argument = space != NULL ? space + 1 : "";
  if (space != NULL)
    *space = '\0';
  return strcmp(name, "VERSION") != 0;
}

static void write_line(FILE *to, const char *line) {
  static const char version[] = "@VERSION@";
  const char *found;
  while ((found = strstr(line, version)) != NULL) {
    fprintf(to, "%.*s%s", (int)(found - line), line, FH_VERSION_STRING);
    line = found + strlen(version);
  }
  fputs(line, to);
}

static int fill(const char *path) {
  FILE *from = fopen(path, "re");
  if (from == NULL) {
    message_error("%s: %s", path, strerror(errno));
    return EXIT_CODE_FAILURE;
  }
  char *line = NULL;
  size_t capacity = 0;
  int result = EXIT_CODE_SUCCESS;
  while (result == EXIT_CODE_SUCCESS && getline(&line, &capacity, from) >= 0) {
    char name[128];
    const char *argument;
    if (!read_placeholder(line, name, sizeof name, &argument)) {
      write_line(stdout, line);
      continue;
    }
    size_t i = 0;
    while (i < sizeof lists / sizeof lists[0] && strcmp(lists[i].name, name) != 0)
      i++;
    if (i == sizeof lists / sizeof lists[0]) {
      message_error("%s: @%s@: no such list; the lists are in tool/cli/generate.c", path, name);
      result = EXIT_CODE_FAILURE;
    } else {
      lists[i].write(stdout, argument);
    }
  }
  free(line);
  fclose(from);
  return result == EXIT_CODE_SUCCESS ? message_finish_output() : result;
}

int command_generate(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "fill") == 0)
    return fill(arguments[2]);
  message_error("generate: write: freehold generate fill TEMPLATE >OUTPUT");
  return EXIT_CODE_USAGE;
}
