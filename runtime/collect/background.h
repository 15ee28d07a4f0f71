/*
 * background.h: a thread of the library's own that does the collector's work while the program runs.
 *
 * It gets one order after the other from cycle.c, whose lock its callers hold. Between orders, and while it is held, it
 * touches nothing of the collector's. It has no thread-local storage, so it calls nothing of the program's, and stops
 * nobody: when an order is done it uses up the allowance (collected.h), which brings a thread of the program to cycle.c.
 */
#ifndef FREEHOLD_COLLECT_BACKGROUND_H
#define FREEHOLD_COLLECT_BACKGROUND_H

#include "collect/collect.h"

enum background_order {
  BACKGROUND_NOTHING,
  BACKGROUND_CLEAR, /* sweeps what is left of the last cycle; from then on all writes to the heap are noted */
  BACKGROUND_MARK,  /* marks from what is pending, then from what was written meanwhile, until that is little */
  BACKGROUND_SWEEP, /* sweeps the heap */
};

/* Whether the kernel notes writes; begins with it if need be. Says why not, once, if `aloud`. */
bool background_can_note_writes(bool aloud);

/* False when there is no thread to be had. The order before must be done. */
bool background_begin(enum background_order order);
/* The last order is not done yet. */
bool background_is_busy(void);
/* It is BACKGROUND_MARK. */
bool background_is_marking(void);
/* The order, once it is done: whether it was done as a whole. If BACKGROUND_CLEAR or _MARK was not, nothing is known of what was
 * written. */
bool background_succeeded(void);

/* Not 0 while it is to come to rest: for mark.h. */
const uint32_t *background_halt(void);
/* Comes to rest where it is, and goes on. Waits for a sweep to end. */
void background_hold(void);
void background_go_on(void);
/* The order is withdrawn, if it was not done. */
void background_stop(void);

/* In the pause: looks at the marked objects on written pages. False when those are not known. *pages: how many. */
bool background_look_at_written(size_t *pages);

/* In a child of fork: there is no such thread, and no note of writes. */
void background_after_fork_in_child(void);

#endif
