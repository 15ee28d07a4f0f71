/*
 * fault.h: the handler of SIGSEGV that explains accesses to sampled objects, and passes everything else on.
 *
 * The program's own handler, set before or after, is kept beside ours and called with what the kernel gave us. The kernel
 * knows ours with the flags and the mask of the program's, so that stack, blocked signals and restarts are as the program
 * asked. A program that asks for its handler is told its own.
 */
#ifndef FREEHOLD_SAMPLE_FAULT_H
#define FREEHOLD_SAMPLE_FAULT_H

#include "base/bits.h"

#include <signal.h>

/* Installs the handler. Once. */
void sample_fault_start(void);

/* Whether `number` is the signal that sampling has taken, and then what sigaction(2) does for it. */
bool sample_takes_signal(int number);
int sample_action(const struct sigaction *action, struct sigaction *before);

#endif
