#include "tool/cli/command.h"

#include <string.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/cli/options.h"

static const struct command_flag run_flags[] = {
    {"--force", NULL, "start the program even when it would not run on Freehold; the reason becomes a warning"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag stat_flags[] = {
    {"--json", NULL, "print one JSON object (share/freehold/schemas/accounts-1.schema.json)"},
    {"--watch", "SECONDS", "print again every so many seconds (0.1 to 86400) until the process ends"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag doctor_flags[] = {
    {"--json", NULL, "print one JSON object (share/freehold/schemas/doctor-1.schema.json)"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag no_flags[] = {{NULL, NULL, NULL}};

const struct command commands[] = {
    {"run", "[--] PROGRAM [ARGUMENT...]", "run a program on the Freehold heap",
     "The program takes the place of this command: same process id, terminal, signals and exit\n"
     "code. It is examined first, and not started when the library could not take effect in it.\n",
     run_flags, true, false, command_run},
    {"stat", "PID", "show where a running program's heap memory is",
     "Reads the accounts of a process that runs on Freehold, from outside and without stopping it.\n", stat_flags,
     false, false, command_stat},
    {"doctor", "", "show what this system offers and what is used instead",
     "Every feature is tried, not looked up by version.\n", doctor_flags, false, false, command_doctor},
    {"help", "[COMMAND]", "show the help of a command", "", no_flags, false, false, command_help},
    {"generate", "WHAT", "fill templates of documents from the tables", "", no_flags, false, true, command_generate},
};
const size_t command_count = sizeof commands / sizeof commands[0];

const struct command *command_find(const char *name) {
  for (size_t i = 0; i < command_count; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

bool command_wants_help(const char *argument) {
  return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

enum { FLAG_LIMIT = 16 };

int command_unknown_flag(const struct command *command, const char *argument) {
  const char *names[FLAG_LIMIT + 1] = {NULL};
  for (size_t i = 0; i < FLAG_LIMIT && command->flags[i].name != NULL; i++)
    names[i] = command->flags[i].name + strlen("--");
  char shown[OPTION_TEXT_BYTES];
  snprintf(shown, sizeof shown, "%.*s", (int)strcspn(argument, "="), argument);
  char near[OPTION_TEXT_BYTES];
  const char *bare = shown + strspn(shown, "-");
  const char *closest = NULL;
  if (command->takes_options) {
    closest = option_closest(bare, names, near, sizeof near);
  } else {
    for (size_t i = 0; names[i] != NULL && closest == NULL; i++)
      if (names[i][0] == bare[0])
        closest = names[i];
  }
  if (closest != NULL)
    message_error("%s: no such option; did you mean --%s? (freehold %s --help lists them all)", shown, closest,
                  command->name);
  else
    message_error("%s: no such option; freehold %s --help lists them all", shown, command->name);
  return EXIT_CODE_USAGE;
}
