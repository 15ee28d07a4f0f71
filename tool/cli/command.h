/*
 * command.h: the subcommands and their own flags as one table, from which the dispatch, `--help`, the manual pages and
 * the shell completion are made. (The flags of `run` that belong to the library are in record/options.def, those of `check` in record/check_options.def too.)
 */
#ifndef FREEHOLD_CLI_COMMAND_H
#define FREEHOLD_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tool/cli/options.h"

struct command_flag {
  const char *name;     /* "--json" */
  const char *argument; /* "SECONDS", or NULL */
  const char *help;
};

struct command {
  const char *name;
  const char *arguments; /* after the flags: "PID" */
  const char *summary;
  const char *text;                        /* a paragraph or two for --help */
  const struct command_flag *flags;        /* NULL-named at the end */
  enum option_scope scope;                 /* and these of the library's options too */
  bool hidden;                             /* for the build, not for people */
  int (*run)(int count, char **arguments); /* arguments[0] is the command's name; returns the exit code */
};

extern const struct command commands[];
extern const size_t command_count;

/* NULL when there is none. */
const struct command *command_find(const char *name);

int command_run(int count, char **arguments);
int command_check(int count, char **arguments);
int command_leaks(int count, char **arguments);
int command_map(int count, char **arguments);
int command_gc(int count, char **arguments);
int command_stat(int count, char **arguments);
int command_top(int count, char **arguments);
int command_doctor(int count, char **arguments);
int command_help(int count, char **arguments);
int command_generate(int count, char **arguments);

/* Says that there is no such command, and which there are. Returns EXIT_CODE_USAGE. */
int command_say_unknown(const char *name);
/* True when `argument` asks for help. */
bool command_wants_help(const char *argument);
/* Says that `command` has no such flag, and the nearest it has. Returns EXIT_CODE_USAGE. */
int command_unknown_flag(const struct command *command, const char *argument);

/* Writes the general help, or that of one command. */
void help_write_general(FILE *to);
void help_write_command(FILE *to, const struct command *command);

#endif
