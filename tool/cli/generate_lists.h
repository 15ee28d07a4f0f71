/* generate_lists.h: each list that a template can ask for. `command` narrows it where that makes sense, else "". */
#ifndef FREEHOLD_CLI_GENERATE_LISTS_H
#define FREEHOLD_CLI_GENERATE_LISTS_H

#include <stdio.h>

void generate_man_commands(FILE *to, const char *command);
/* A command's own flags. */
void generate_man_flags(FILE *to, const char *command);
/* The options of the heap, or, for "check", those of the checking library: as flags, and as settings of FREEHOLD=. */
void generate_man_options(FILE *to, const char *command);
void generate_man_settings(FILE *to, const char *command);
void generate_man_exit_codes(FILE *to, const char *command);

void generate_bash_commands(FILE *to, const char *command);
void generate_bash_flags(FILE *to, const char *command);
/* Branches of a case: what may follow a flag. */
void generate_bash_values(FILE *to, const char *command);
void generate_zsh_commands(FILE *to, const char *command);
void generate_zsh_flags(FILE *to, const char *command);
void generate_fish_commands(FILE *to, const char *command);
void generate_fish_flags(FILE *to, const char *command);

#endif
