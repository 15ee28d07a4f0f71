/* help.c: --help, from the tables. */
#include <stdio.h>
#include <string.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/cli/options.h"

enum { FLAG_COLUMN = 30, LINE_COLUMNS = 96 };

/* Text from column FLAG_COLUMN on, broken between words. */
static void write_wrapped(FILE *to, const char *text, int column) {
  if (column >= FLAG_COLUMN - 1) {
    fputc('\n', to);
    column = 0;
  }
  fprintf(to, "%*s", FLAG_COLUMN - column, "");
  column = FLAG_COLUMN;
  while (*text != '\0') {
    int length = (int)strcspn(text, " ");
    if (column > FLAG_COLUMN && column + 1 + length > LINE_COLUMNS) {
      fprintf(to, "\n%*s", FLAG_COLUMN, "");
      column = FLAG_COLUMN;
    } else if (column > FLAG_COLUMN) {
      fputc(' ', to);
      column++;
    }
    fprintf(to, "%.*s", length, text);
    column += length;
    text += length;
    text += strspn(text, " ");
  }
  fputc('\n', to);
}

static void write_flag(FILE *to, const char *flag, const char *text) {
  struct message_style style = message_style_of(to);
  int column = 2 + (int)strlen(flag);
  fprintf(to, "  %s%s%s", style.bold, flag, style.plain);
  write_wrapped(to, text, column);
}

static void write_heading(FILE *to, const char *text) {
  struct message_style style = message_style_of(to);
  fprintf(to, "\n%s%s%s\n", style.bold, text, style.plain);
}

static void write_options(FILE *to, const char *heading, enum option_scope scope) {
  write_heading(to, heading);
  for (size_t i = 0; i < option_count; i++) {
    if (options[i].scope != scope)
      continue;
    char name[OPTION_TEXT_BYTES], flag[2 * OPTION_TEXT_BYTES], range[4 * OPTION_TEXT_BYTES], text[512];
    option_flag_name(&options[i], name, sizeof name);
    const char *argument = option_argument(&options[i]);
    if (argument == NULL)
      snprintf(flag, sizeof flag, "--[no-]%s", name);
    else
      snprintf(flag, sizeof flag, option_needs_value(&options[i]) ? "--%s=%s" : "--%s[=%s]", name, argument);
    option_range_text(&options[i], range, sizeof range);
    snprintf(text, sizeof text, "%s (%s)", options[i].help, range);
    write_flag(to, flag, text);
  }
}

static void write_exit_codes(FILE *to, const char *command) {
  static const struct {
    int number;
    const char *commands, *meaning;
  } codes[] = {
#define EXIT_CODE(name, number, commands, meaning) {number, commands, meaning},
#include "tool/cli/exit_codes.def"
#undef EXIT_CODE
  };
  bool any = false;
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    if (strstr(codes[i].commands, command) == NULL)
      continue;
    if (!any)
      write_heading(to, "Exit codes:");
    any = true;
    char number[16];
    snprintf(number, sizeof number, "%d", codes[i].number);
    write_flag(to, number, codes[i].meaning);
  }
  if (strcmp(command, "run") == 0 || strcmp(command, "check") == 0)
    write_flag(to, "any other", "the program's own");
}

void help_write_command(FILE *to, const struct command *command) {
  fprintf(to, "freehold %s: %s\n\nUsage: freehold %s%s%s%s\n", command->name, command->summary, command->name,
          command->flags[0].name != NULL ? " [options]" : "", command->arguments[0] != '\0' ? " " : "",
          command->arguments);
  if (command->text[0] != '\0')
    fprintf(to, "\n%s", command->text);
  if (command->flags[0].name != NULL)
    write_heading(to, "Options:");
  for (const struct command_flag *flag = command->flags; flag->name != NULL; flag++) {
    char shown[OPTION_TEXT_BYTES];
    snprintf(shown, sizeof shown, "%s%s%s", flag->name, flag->argument != NULL ? " " : "",
             flag->argument != NULL ? flag->argument : "");
    write_flag(to, shown, flag->help);
  }
  if (command->scope == OPTION_SCOPE_CHECK)
    write_options(to, "Options of the checker (also FREEHOLD=name=value,...; see freehold(7)):", OPTION_SCOPE_CHECK);
  if (command->scope == OPTION_SCOPE_COLLECT)
    write_options(to, "Options of the collector, with --gc (also FREEHOLD=name=value,...; see freehold(7)):",
                  OPTION_SCOPE_COLLECT);
  if (command->scope != OPTION_SCOPE_NONE)
    write_options(to, "Options of the heap (also FREEHOLD=name=value,...; see freehold(7)):", OPTION_SCOPE_HEAP);
  write_exit_codes(to, command->name);
}

void help_write_general(FILE *to) {
  fprintf(to, "freehold: a fast, lean heap for programs that are already built\n\n"
              "Usage: freehold COMMAND [options] [arguments]\n");
  write_heading(to, "Commands:");
  for (size_t i = 0; i < command_count; i++)
    if (!commands[i].hidden)
      write_flag(to, commands[i].name, commands[i].summary);
  write_heading(to, "Examples:");
  fprintf(to, "  freehold run ./program           run it on this heap\n"
              "  freehold run --stats ./program   and show what it used when it ends\n"
              "  freehold check ./program         tell what it does wrong with memory\n"
              "  freehold stat PID                look into one that runs\n"
              "  freehold map PID                 see where all of its memory is\n"
              "  freehold top                     watch all that run on it\n"
              "\nfreehold help COMMAND shows more; freehold --version shows the version.\n");
}

int command_say_unknown(const char *name) {
  char names[256] = "";
  size_t length = 0;
  for (size_t i = 0; i < command_count; i++)
    if (!commands[i].hidden && length < sizeof names)
      length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? ", " : "", commands[i].name);
  message_error("%s: no such %s; the commands are %s (freehold --help)", name, name[0] == '-' ? "option" : "command",
                names);
  return EXIT_CODE_USAGE;
}

int command_help(int count, char **arguments) {
  if (count > 2) {
    message_error("help takes one command: freehold help %s", arguments[1]);
    return EXIT_CODE_USAGE;
  }
  if (count < 2 || command_wants_help(arguments[1])) {
    help_write_general(stdout);
    return message_finish_output();
  }
  const struct command *command = command_find(arguments[1]);
  if (command == NULL)
    return command_say_unknown(arguments[1]);
  help_write_command(stdout, command);
  return message_finish_output();
}
