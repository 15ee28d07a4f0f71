/*
 * flags.h: the flags of a command that starts a program: its own, the library's options, `--help`, and `--` before the
 * program.
 */
#ifndef FREEHOLD_CLI_FLAGS_H
#define FREEHOLD_CLI_FLAGS_H

#include "tool/cli/command.h"
#include "tool/cli/options.h"

/* What a command says of a flag; an exit code from 0 on instead, once it has said what is wrong with it. */
enum flag_answer {
  FLAG_TAKEN = -1,
  FLAG_TAKEN_DOUBLE = -2, /* with the argument after it */
  FLAG_NOT_OWN = -3,      /* an option of the library, or unknown */
};

struct flag_reader {
  const char *command; /* its name */
  struct option_settings *settings;
  /* `next` is the argument after it, or NULL. */
  int (*take)(void *context, const char *flag, const char *next);
  void *context;
};

/* Reads up to the first argument that is no flag, and puts its number in *end. An exit code after saying what is wrong, or
 * showing the help; else -1. */
int flags_read(const struct flag_reader *reader, int count, char **arguments, int *end);

#endif
