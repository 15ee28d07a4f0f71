/* exit_codes.h: the table of exit codes as constants. */
#ifndef FREEHOLD_CLI_EXIT_CODES_H
#define FREEHOLD_CLI_EXIT_CODES_H

enum {
#define EXIT_CODE(name, number, commands, meaning) EXIT_CODE_##name = (number),
#include "tool/cli/exit_codes.def"
#undef EXIT_CODE
};

#endif
