/* generate_man.c: the tables as lists of man(7). */
#include <string.h>

#include "tool/cli/command.h"
#include "tool/cli/generate_lists.h"
#include "tool/cli/options.h"

/* Text with the characters that roff would take for its own made safe. */
static void write_text(FILE *to, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '\\')
      fputs("\\e", to);
    else if (*text == '-')
      fputs("\\-", to);
    else
      fputc(*text, to);
  }
}

static void write_item(FILE *to, const char *before, const char *name, const char *after) {
  fputs(".TP\n.B ", to);
  write_text(to, before);
  write_text(to, name);
  write_text(to, after);
  fputc('\n', to);
}

/* One sentence with a capital and a full stop. */
static void write_sentence(FILE *to, const char *text) {
  char first[2] = {text[0], '\0'};
  if (first[0] >= 'a' && first[0] <= 'z')
    first[0] = (char)(first[0] - 'a' + 'A');
  write_text(to, first);
  write_text(to, text + 1);
  fputs(".\n", to);
}

void generate_man_commands(FILE *to, const char *command) {
  (void)command;
  for (size_t i = 0; i < command_count; i++) {
    if (commands[i].hidden)
      continue;
    fprintf(to, ".TP\n.BR %s%s\n", commands[i].name, commands[i].flags[0].name != NULL ? "" : " \" [\" COMMAND ]");
    write_sentence(to, commands[i].summary);
    if (commands[i].flags[0].name != NULL)
      fprintf(to, "See\n.BR freehold\\-%s (1).\n", commands[i].name);
  }
}

void generate_man_flags(FILE *to, const char *command) {
  const struct command *found = command_find(command);
  for (const struct command_flag *flag = found != NULL ? found->flags : NULL; flag != NULL && flag->name != NULL;
       flag++) {
    char argument[OPTION_TEXT_BYTES] = "";
    if (flag->argument != NULL)
      snprintf(argument, sizeof argument, " %s", flag->argument);
    write_item(to, "", flag->name, argument);
    write_sentence(to, flag->help);
  }
}

/* Which of the options a list is of: of the heap, or of another library. */
static bool is_listed(const struct option *option, const char *library) {
  enum option_scope scope = strcmp(library, "check") == 0 ? OPTION_SCOPE_CHECK
                            : strcmp(library, "gc") == 0  ? OPTION_SCOPE_COLLECT
                                                          : OPTION_SCOPE_HEAP;
  return option->scope == scope;
}

static void write_range(FILE *to, const struct option *option) {
  char range[4 * OPTION_TEXT_BYTES];
  option_range_text(option, range, sizeof range);
  if (strncmp(range, "default", strlen("default")) != 0)
    fputs("Takes ", to);
  write_sentence(to, range);
}

void generate_man_options(FILE *to, const char *command) {
  for (size_t i = 0; i < option_count; i++) {
    if (!is_listed(&options[i], command))
      continue;
    char name[OPTION_TEXT_BYTES], argument[OPTION_TEXT_BYTES] = "";
    option_flag_name(&options[i], name, sizeof name);
    if (option_argument(&options[i]) != NULL)
      snprintf(argument, sizeof argument, option_needs_value(&options[i]) ? "=%s" : "[=%s]",
               option_argument(&options[i]));
    write_item(to, options[i].kind == OPTION_KIND_FLAG || options[i].kind == OPTION_KIND_RATE ? "--[no-]" : "--",
               name, argument);
    write_sentence(to, options[i].help);
    write_range(to, &options[i]);
  }
}

void generate_man_settings(FILE *to, const char *command) {
  for (size_t i = 0; i < option_count; i++) {
    if (!is_listed(&options[i], command))
      continue;
    char argument[OPTION_TEXT_BYTES] = "[=on|off]";
    if (option_argument(&options[i]) != NULL)
      snprintf(argument, sizeof argument, option_needs_value(&options[i]) ? "=%s" : "[=%s]",
               option_argument(&options[i]));
    write_item(to, "", options[i].name, argument);
    write_sentence(to, options[i].help);
    write_range(to, &options[i]);
  }
}

void generate_man_exit_codes(FILE *to, const char *command) {
#define EXIT_CODE(name, number, commands, meaning)                                                                   \
  if (strstr(commands, command) != NULL) {                                                                           \
    write_item(to, "", #number, "");                                                                                 \
    write_sentence(to, meaning);                                                                                     \
  }
#include "tool/cli/exit_codes.def"
#undef EXIT_CODE
}
