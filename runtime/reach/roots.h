/*
 * roots.h: everything marking starts from, one span of words after the other.
 */
#ifndef FREEHOLD_REACH_ROOTS_H
#define FREEHOLD_REACH_ROOTS_H

#include "reach/mappings.h"
#include "reach/reach.h"

/* Where the words that a reader is given come from. */
struct root_source {
  struct word_reader words;
  enum fh_root kind; /* NONE: of a mapping, still to be told apart by root_describe */
  bool stack;        /* of a mapping that is a stack of a thread's */
  uint32_t number;   /* of the kernel's root, or enum collector_root */
  int thread;        /* of registers: 0 is the calling thread */
};

/* What roots of kind FH_ROOT_COLLECTOR are. */
enum collector_root { COLLECTOR_ROOT_RANGE, COLLECTOR_ROOT_KEPT, COLLECTOR_ROOT_HOOK };

/* Whether a word may point to an object at all. Most words are small numbers, or point elsewhere. */
#define LOWEST_POINTER 0x1000u
ALWAYS_INLINE bool word_may_point(uintptr_t word, const struct reach_world *world) {
  return word >= LOWEST_POINTER && (world->highest == 0 || word - world->lowest <= world->highest - world->lowest);
}

/* Reads the tables of mappings and of the kernel's pointers, then gives all roots to source->words. False when there
 * is no memory or no /proc; also when the reader ended it. */
bool roots_words(const struct reach_world *world, const ucontext_t *here, struct root_source *source);

/* Says in words what the root at `at` is, with what the source said when it was found. */
void root_describe(enum fh_root kind, uint32_t number, int thread, uintptr_t at, const ucontext_t *here,
                   struct reach_root *root);

#endif
