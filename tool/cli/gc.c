/* gc.c: `freehold gc`: asks a process that runs with the collector what keeps a block. */
#include <string.h>

#include "tool/cli/ask.h"
#include "tool/cli/check_request.h"
#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"

enum { WORDS = 3 }; /* why PID ADDRESS */

/* An exit code, or -1 with the words that are no flags in `words`. */
static int read_arguments(int count, char **arguments, struct ask *ask, const char **words) {
  int found = 0;
  bool flags_end = false;
  for (int at = 1; at < count; at++) {
    const char *argument = arguments[at];
    if (flags_end || argument[0] != '-') {
      if (found == WORDS) {
        message_error("gc why asks for one block; leave out %s", argument);
        return EXIT_CODE_USAGE;
      }
      words[found++] = argument;
    } else if (command_wants_help(argument)) {
      help_write_command(stdout, command_find("gc"));
      return message_finish_output();
    } else if (strcmp(argument, "--") == 0) {
      flags_end = true;
    } else if (strcmp(argument, "--json") == 0) {
      ask->json = true;
    } else if (strcmp(argument, "--timeout") == 0 || strncmp(argument, "--timeout=", strlen("--timeout=")) == 0) {
      const char *equals = strchr(argument, '=');
      const char *value = equals != NULL ? equals + 1 : at + 1 < count ? arguments[++at] : "";
      if (!check_read_seconds(value, &ask->timeout)) {
        message_error("--timeout=%s: it takes seconds, up to a day", value);
        return EXIT_CODE_USAGE;
      }
    } else {
      return command_unknown_flag(command_find("gc"), argument);
    }
  }
  if (found > 0 && strcmp(words[0], "why") != 0) {
    message_error("gc %s: no such question. Write: freehold gc why PID ADDRESS", words[0]);
    return EXIT_CODE_USAGE;
  }
  if (found < WORDS) {
    message_error("gc: which process, and which block? Write: freehold gc why PID ADDRESS");
    return EXIT_CODE_USAGE;
  }
  return -1;
}

int command_gc(int count, char **arguments) {
  static const double default_timeout = 30;
  struct ask ask = {
      .timeout = default_timeout,
      .asker = {"freehold gc", "does not run with the collector. Start it with: freehold run --gc PROGRAM"},
      .request = {.magic = FH_REQUEST_MAGIC, .version = FH_REQUEST_VERSION, .kind = FH_REQUEST_WHY}};
  const char *words[WORDS];
  int result = read_arguments(count, arguments, &ask, words);
  if (result < 0)
    result = ask_read_pid(words[1], &ask.pid);
  if (result < 0)
    result = ask_read_address("", words[2], &ask.request.address);
  return result >= 0 ? result : ask_process(&ask);
}
