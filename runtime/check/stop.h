/*
 * stop.h: the option stop: what happens to the program after an error was reported.
 *
 *   on    it ends, as by abort()
 *   gdb   with a debugger there the thread that erred gets SIGTRAP; without one the whole process stands still (SIGSTOP)
 *         and says how to attach one. Either way the debugger has the thread where the error was found, some frames of the
 *         checker's below the program's
 *
 * Async-signal-safe; takes no lock.
 */
#ifndef FREEHOLD_CHECK_STOP_H
#define FREEHOLD_CHECK_STOP_H

#include "record/report.h"

#include <signal.h>
#include <stdbool.h>

enum stop_mode { STOP_OFF, STOP_ON, STOP_GDB };

/* Does what the option says. */
void stop_after(const struct fh_report *report);

/* While the other threads are stopped, nothing is done: a handler of the program's for SIGABRT could wait for one of
 * them. By one thread; with `hold` false what was put off is made up for. */
void stop_hold(bool hold);

/* Whether this SIGTRAP is one that stop_after sent for a debugger that has left meanwhile, or doesn't keep it. */
bool stop_trapped(const siginfo_t *info);

#endif
