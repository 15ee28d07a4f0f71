/*
 * roots.h: where marking starts: what reach/ finds, what the client registered, and what is kept in the heap itself.
 */
#ifndef FREEHOLD_COLLECT_ROOTS_H
#define FREEHOLD_COLLECT_ROOTS_H

#include "collect/collect.h"

#include <ucontext.h>

/* Once: notes where the program and this library have their data. */
void roots_start(void);

/* Marks from all roots, while the world stands still with all of the heap's locks held. `here` is the calling thread's
 * state. False when there was no memory or no /proc to find them, or the kernel has some that nobody can see: then nothing may be taken for dead. */
bool roots_mark(const ucontext_t *here);

/* The same roots as reach/ sees them, for whoever asks what keeps an object; and those that only the collector knows of,
 * each given to the source's reader. In a copy of the process. False when there was no memory, or the reader ended it. */
struct reach_world;
struct root_source;
bool roots_world(struct reach_world *world);
bool roots_more(struct root_source *source);

#endif
