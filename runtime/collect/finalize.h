/*
 * finalize.h: functions that are called when an object is found unreachable, before it goes.
 *
 * In which order, the object's mode says (Boehm, Destructors, finalizers, and synchronization, POPL 2003):
 *   ORDERED      not while another object with a finalizer, unreachable too, reaches it; in a cycle never
 *   IGNORE_SELF  the same, but what points from the object to itself doesn't count
 *   NO_ORDER     as soon as it is unreachable
 *   UNREACHABLE  only when no other finalizer that is about to run reaches it either
 */
#ifndef FREEHOLD_COLLECT_FINALIZE_H
#define FREEHOLD_COLLECT_FINALIZE_H

#include "collect/collect.h"

enum finalize_mode { FINALIZE_ORDERED, FINALIZE_IGNORE_SELF, FINALIZE_NO_ORDER, FINALIZE_UNREACHABLE };

typedef void (*finalizer)(void *object, void *data);

struct finalize_pair {
  finalizer function;
  void *data;
};

/* Sets the object's finalizer, none if `wanted.function` is NULL; *old becomes what it was. What is no object's start has
 * none. `data` stays reachable with it. False when there is no memory, with nothing changed. */
bool finalize_register(void *object, struct finalize_pair wanted, enum finalize_mode mode, struct finalize_pair *old);

/* In the pause: what keeps the data and the objects whose turn has come; finding those whose turn it is. */
void finalize_mark_roots(void);
void finalize_find(void);
/* How many wait to be run. */
size_t finalize_waiting(void);
/* Runs all that wait, in the calling thread, under no lock; how many those were. A finalizer that gets here again runs
 * none. */
size_t finalize_run(void);
/* Also those of objects that are reachable, and those that finalizers register meanwhile, until none is left. */
size_t finalize_run_all(void);
size_t finalize_registered(void);

#endif
