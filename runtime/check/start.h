/* start.h: the checker's beginning, with the first allocation, and its end: what is looked at and summed up at exit. */
#ifndef FREEHOLD_CHECK_START_H
#define FREEHOLD_CHECK_START_H

#include "base/bits.h"

#include <ucontext.h>

/* Whether the checker stands; starts it if need be. False when there is no memory at all. Thread-safe. */
bool check_start(void);
INTERNAL extern bool check_started; /* atomic */
ALWAYS_INLINE bool check_ready(void) {
  return LIKELY(__atomic_load_n(&check_started, __ATOMIC_ACQUIRE)) || check_start();
}

/* The program has called exit, or left main: the state it did so in. The first one counts. */
void check_note_end(const ucontext_t *context);

/* The end of the process: fences, leaks, summary. Once; also called where the program leaves at once, by _exit. A child of
 * fork that does so has nothing to be looked through: what it holds is its parent's. */
void check_finish(bool leaves_at_once);

#endif
