/*
 * reach.h: what can the program still reach? Roots (registers, stacks of all threads, writable mappings, thread locals,
 * pointers that only the kernel holds), and marking from them.
 *
 * The room knows nothing of heaps: whoever asks says what an object is. So the leak finder marks checked objects and the
 * collector marks the heap's by the same code.
 */
#ifndef FREEHOLD_REACH_REACH_H
#define FREEHOLD_REACH_REACH_H

#include "base/bits.h"
#include "record/report.h"

#include <ucontext.h>

struct reach_object {
  uintptr_t start;
  size_t bytes;
  uint8_t *mark; /* a byte of the object's own; 0 before marking */
  void *owner;   /* whatever the finder wants */
};

/* The world that is marked. */
struct reach_world {
  /* The live object that `word`, any value, points into or exactly behind; false when there is none. */
  bool (*find)(uintptr_t word, struct reach_object *object);
  /* Ranges that are no roots although they are writable mappings: the heap, its descriptions, the checker's own. Up to a
   * pair of zeros. */
  const struct reach_range { uintptr_t start, end; } * excluded;
};

/* Where a reference was found. */
struct reach_root {
  enum fh_root kind;
  uintptr_t at; /* address of the word, a register's number, or a descriptor */
  char name[64];
};

/*
 * Stops every other thread of this process, with their registers on their stacks; false with nothing stopped when some
 * did not stop in time (it may block the signal): what they hold in registers is then unknown, and the caller says so.
 * reach_resume lets them go. Between the two nothing may be done that could need a lock one of them holds.
 */
bool reach_stop_world(void);
void reach_resume_world(void);

/*
 * Marks everything that the roots reach: each object's mark byte becomes 1. `here` is the calling thread's state. Takes
 * its own memory from the kernel; false when there was none, with marks in any state.
 * Ranges are read without ever faulting; what was never touched is not read.
 */
bool reach_mark(const struct reach_world *world, const ucontext_t *here);

/* Marks from one object on with `mark`, what has no mark yet; for telling the directly lost from the indirectly. Returns
 * how many objects it marked, `start` not included, and their bytes in *bytes. */
size_t reach_mark_from(const struct reach_world *world, const struct reach_object *start, uint8_t mark,
                       size_t *bytes);

/* The shortest chain of references from a root to the object that `address` lies in. Fills up to `most` steps and returns
 * how many there are, 0 when nothing reaches it. Marks are all 0 before and in any state after. */
struct reach_step {
  uintptr_t from; /* where the reference stands */
  struct reach_object object;
};
size_t reach_chain(const struct reach_world *world, const ucontext_t *here, uintptr_t address,
                   struct reach_root *root, struct reach_step *steps, size_t most);

#endif
