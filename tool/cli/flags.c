#include "tool/cli/flags.h"

#include <string.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"

static int take_option(const struct flag_reader *reader, const char *flag, const char *next) {
  if (strncmp(flag, "--", 2) != 0)
    return command_unknown_flag(command_find(reader->command), flag);
  switch (option_settings_read(reader->settings, flag, next)) {
  case OPTION_TAKEN:
    return FLAG_TAKEN;
  case OPTION_TAKEN_DOUBLE:
    return FLAG_TAKEN_DOUBLE;
  case OPTION_UNKNOWN:
    return command_unknown_flag(command_find(reader->command), flag);
  case OPTION_WRONG:
    break;
  }
  return EXIT_CODE_NOT_STARTED;
}

int flags_read(const struct flag_reader *reader, int count, char **arguments, int *end) {
  int at = 1;
  for (; at < count && arguments[at][0] == '-'; at++) {
    const char *flag = arguments[at], *next = at + 1 < count ? arguments[at + 1] : NULL;
    if (strcmp(flag, "--") == 0) {
      at++;
      reader->settings->last_bare = NULL;
      break;
    }
    if (command_wants_help(flag)) {
      help_write_command(stdout, command_find(reader->command));
      return message_finish_output();
    }
    int answer = reader->take(reader->context, flag, next);
    if (answer == FLAG_NOT_OWN)
      answer = take_option(reader, flag, next);
    if (answer >= 0)
      return answer;
    at += answer == FLAG_TAKEN_DOUBLE;
  }
  *end = at;
  return -1;
}
