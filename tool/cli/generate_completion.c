/* generate_completion.c: the tables as pieces of completion scripts for bash, zsh and fish. */
#include <stdlib.h>
#include <string.h>

#include "tool/cli/command.h"
#include "tool/cli/generate_lists.h"
#include "tool/cli/options.h"
#include "tool/report/top_report.h"

static const struct command_flag *flags_of(const char *command) {
  static const struct command_flag none[] = {{NULL, NULL, NULL}};
  const struct command *found = command_find(command);
  return found != NULL ? found->flags : none;
}

static bool takes_option(const char *command, const struct option *option) {
  const struct command *found = command_find(command);
  return found != NULL && option_in_scope(option, found->scope);
}

static bool takes_file(const struct command_flag *flag) {
  return flag->argument != NULL && strcmp(flag->argument, "FILE") == 0;
}

/* --sort of top: the words that its table of columns has. */
static bool takes_column(const struct command_flag *flag) {
  return flag->argument != NULL && strcmp(flag->argument, "COLUMN") == 0;
}
static void write_columns(FILE *to) {
  for (size_t i = 0; i < TOP_COLUMN_COUNT; i++)
    fprintf(to, "%s%s", i == 0 ? "" : " ", top_columns[i].name);
}

/* Text inside single quotes; `special` characters get a backslash before them. */
static void write_quoted(FILE *to, const char *text, const char *special) {
  for (; *text != '\0'; text++) {
    if (*text == '\'')
      fputs("'\\''", to);
    else if (strchr(special, *text) != NULL)
      fprintf(to, "\\%c", *text);
    else
      fputc(*text, to);
  }
}

/* "off|text|json" as "off text json". */
static void write_words(FILE *to, const char *words) {
  for (; *words != '\0'; words++)
    fputc(*words == '|' ? ' ' : *words, to);
}

void generate_bash_commands(FILE *to, const char *command) {
  (void)command;
  fputs("  local commands='", to);
  for (size_t i = 0; i < command_count; i++)
    if (!commands[i].hidden)
      fprintf(to, "%s%s", i > 0 ? " " : "", commands[i].name);
  fputs("'\n", to);
}

/* A variable with every flag; one that takes a value ends in =. */
void generate_bash_flags(FILE *to, const char *command) {
  fprintf(to, "  local %s_flags='", command);
  const char *separator = "";
  for (const struct command_flag *flag = flags_of(command); flag->name != NULL; flag++) {
    fprintf(to, "%s%s%s", separator, flag->name, flag->argument != NULL ? "=" : "");
    separator = " ";
  }
  for (size_t i = 0; i < option_count; i++) {
    if (!takes_option(command, &options[i]))
      continue;
    char name[OPTION_TEXT_BYTES];
    option_flag_name(&options[i], name, sizeof name);
    switch (options[i].kind) {
    case OPTION_KIND_FLAG:
      fprintf(to, " --%s --no-%s", name, name);
      break;
    case OPTION_KIND_ENUM:
      fprintf(to, " --%s --%s=", name, name);
      break;
    case OPTION_KIND_RATE:
      fprintf(to, " --%s --%s= --no-%s", name, name, name);
      break;
    case OPTION_KIND_SIZE:
    case OPTION_KIND_COUNT:
    case OPTION_KIND_TIME:
    case OPTION_KIND_PATH:
    case OPTION_KIND_TEXT:
      fprintf(to, " --%s=", name);
      break;
    }
  }
  fputs("'\n", to);
}

void generate_bash_values(FILE *to, const char *command) {
  (void)command;
  for (size_t i = 0; i < command_count; i++)
    for (const struct command_flag *flag = commands[i].flags; flag->name != NULL; flag++)
      if (takes_file(flag))
        fprintf(to, "    %s) mapfile -t COMPREPLY < <(compgen -f -- \"$value\"); return ;;\n", flag->name);
      else if (takes_column(flag)) {
        fprintf(to, "    %s) mapfile -t COMPREPLY < <(compgen -W '", flag->name);
        write_columns(to);
        fputs("' -- \"$value\"); return ;;\n", to);
      }
  for (size_t i = 0; i < option_count; i++) {
    char name[OPTION_TEXT_BYTES];
    option_flag_name(&options[i], name, sizeof name);
    if (options[i].kind == OPTION_KIND_ENUM) {
      fprintf(to, "    --%s) mapfile -t COMPREPLY < <(compgen -W '", name);
      write_words(to, options[i].words);
      fputs("' -- \"$value\"); return ;;\n", to);
    } else if (options[i].kind == OPTION_KIND_PATH) {
      fprintf(to, "    --%s) mapfile -t COMPREPLY < <(compgen -f -- \"$value\"); return ;;\n", name);
    } else if (options[i].kind != OPTION_KIND_FLAG) {
      fprintf(to, "    --%s) return ;;\n", name);
    }
  }
}

void generate_zsh_commands(FILE *to, const char *command) {
  (void)command;
  for (size_t i = 0; i < command_count; i++) {
    if (commands[i].hidden)
      continue;
    fprintf(to, "    '%s:", commands[i].name);
    write_quoted(to, commands[i].summary, ":");
    fputs("'\n", to);
  }
}

void generate_zsh_flags(FILE *to, const char *command) {
  static const char special[] = ":[]";
  for (const struct command_flag *flag = flags_of(command); flag->name != NULL; flag++) {
    fprintf(to, "        '%s%s[", flag->name, flag->argument != NULL ? "=" : "");
    write_quoted(to, flag->help, special);
    if (takes_file(flag))
      fputs("]:file:_files' \\\n", to);
    else if (takes_column(flag)) {
      fputs("]:column:(", to);
      write_columns(to);
      fputs(")' \\\n", to);
    } else
      fprintf(to, "]%s%s%s' \\\n", flag->argument != NULL ? ":" : "", flag->argument != NULL ? flag->argument : "",
              flag->argument != NULL ? ": " : "");
  }
  for (size_t i = 0; i < option_count; i++) {
    if (!takes_option(command, &options[i]))
      continue;
    char name[OPTION_TEXT_BYTES];
    option_flag_name(&options[i], name, sizeof name);
    bool is_rate = options[i].kind == OPTION_KIND_RATE;
    for (int negated = 0; negated <= (options[i].kind == OPTION_KIND_FLAG || is_rate); negated++) {
      bool has_word = options[i].kind == OPTION_KIND_ENUM || (is_rate && negated == 0);
      fprintf(to, "        '--%s%s%s[%s", negated ? "no-" : "", name,
              has_word                                         ? "=-"
              : options[i].kind == OPTION_KIND_FLAG || is_rate ? ""
                                                               : "=",
              negated ? "off; on is\\: " : "");
      write_quoted(to, options[i].help, special);
      fputc(']', to);
      if (options[i].kind == OPTION_KIND_ENUM) {
        fputs("::word:(", to);
        write_words(to, options[i].words);
        fputc(')', to);
      } else if (options[i].kind == OPTION_KIND_PATH) {
        fputs(":file:_files", to);
      } else if (is_rate && negated == 0) {
        fputs("::one in:(on off)", to);
      } else if (options[i].kind != OPTION_KIND_FLAG && !is_rate) {
        fprintf(to, ":%s: ", option_argument(&options[i]));
      }
      fputs("' \\\n", to);
    }
  }
}

void generate_fish_commands(FILE *to, const char *command) {
  (void)command;
  for (size_t i = 0; i < command_count; i++) {
    if (commands[i].hidden)
      continue;
    fprintf(to, "complete -c freehold -n __fish_use_subcommand -f -a %s -d '", commands[i].name);
    write_quoted(to, commands[i].summary, "");
    fputs("'\n", to);
  }
}

static void write_fish_flag(FILE *to, const char *command, const char *name, const char *more, const char *help) {
  fprintf(to, "complete -c freehold -n '__freehold_flags_of %s' -l %s %s-d '", command, name, more);
  write_quoted(to, help, "");
  fputs("'\n", to);
}

void generate_fish_flags(FILE *to, const char *command) {
  char columns[512];
  FILE *words = fmemopen(columns, sizeof columns, "w");
  if (words != NULL) {
    fputs("-x -a '", words);
    write_columns(words);
    fputs("' ", words);
    fclose(words);
  }
  for (const struct command_flag *flag = flags_of(command); flag->name != NULL; flag++)
    write_fish_flag(to, command, flag->name + strlen("--"),
                    takes_file(flag)                      ? "-r -F "
                    : takes_column(flag) && words != NULL ? columns
                    : flag->argument != NULL              ? "-x "
                                                          : "",
                    flag->help);
  for (size_t i = 0; i < option_count; i++) {
    if (!takes_option(command, &options[i]))
      continue;
    char name[OPTION_TEXT_BYTES], negated[OPTION_TEXT_BYTES + 4], more[4 * OPTION_TEXT_BYTES] = "";
    option_flag_name(&options[i], name, sizeof name);
    switch (options[i].kind) {
    case OPTION_KIND_ENUM: {
      size_t used = (size_t)snprintf(more, sizeof more, "-f -a '");
      for (const char *at = options[i].words; *at != '\0' && used < sizeof more - 4; at++)
        more[used++] = *at == '|' ? ' ' : *at;
      snprintf(more + used, sizeof more - used, "' ");
      break;
    }
    case OPTION_KIND_PATH:
      snprintf(more, sizeof more, "-r -F ");
      break;
    case OPTION_KIND_SIZE:
    case OPTION_KIND_COUNT:
    case OPTION_KIND_TIME:
    case OPTION_KIND_TEXT:
      snprintf(more, sizeof more, "-x ");
      break;
    case OPTION_KIND_RATE:
      snprintf(more, sizeof more, "-f -a 'on off' ");
      snprintf(negated, sizeof negated, "no-%s", name);
      write_fish_flag(to, command, negated, "", "the opposite");
      break;
    case OPTION_KIND_FLAG:
      snprintf(negated, sizeof negated, "no-%s", name);
      write_fish_flag(to, command, negated, "", "the opposite");
      break;
    }
    write_fish_flag(to, command, name, more, options[i].help);
  }
}
