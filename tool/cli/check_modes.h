/* check_modes.h: the ways `freehold check` runs a program: once, twice with different fills, once for each site. */
#ifndef FREEHOLD_CLI_CHECK_MODES_H
#define FREEHOLD_CLI_CHECK_MODES_H

#include "tool/cli/check_session.h"

/* Each returns an exit code after saying why the program could not be started, or -1. */
int check_mode_once(struct check_session *session);
/* *differ: their output or exit codes do, which was said. */
int check_mode_two_fills(struct check_session *session, bool *differ);
/* Once as it is, then once for each place that allocates, with its first allocation failing. */
int check_mode_every_site(struct check_session *session);

#endif
