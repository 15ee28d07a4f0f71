/* main.c: from the first argument to the command. */
#include <stdio.h>
#include <string.h>

#include "freehold.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/cli/options.h"

int main(int count, char **arguments) {
  if (count < 2) {
    help_write_general(stderr);
    return EXIT_CODE_USAGE;
  }
  const char *first = arguments[1];
  if (command_wants_help(first)) {
    help_write_general(stdout);
    return message_finish_output();
  }
  if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
    printf("freehold %s\n", FH_VERSION_STRING);
    return message_finish_output();
  }
  const struct command *command = command_find(first);
  if (command == NULL)
    return command_say_unknown(first);
  return command->run(count - 1, arguments + 1);
}
