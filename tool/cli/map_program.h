/* map_program.h: a program that is started to be looked at. */
#ifndef FREEHOLD_CLI_MAP_PROGRAM_H
#define FREEHOLD_CLI_MAP_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

struct map_program {
  char **arguments; /* its name first, NULL last */
  bool as_is;       /* without the Freehold heap */
  double after;     /* seconds from its start to the look; 0: look when it ends */
};

/* Starts the program and calls `look` once: when it is about to exit, its memory still there, or after the time.
 * Then waits for its end. The interrupts of the terminal are for the program meanwhile. Returns what `look`
 * returned; an exit code after saying why when the program did not start or ended before there was anything to
 * see. */
int map_program_run(const struct map_program *program, int (*look)(void *context, pid_t pid), void *context);

#endif
