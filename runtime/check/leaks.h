/*
 * leaks.h: which live objects can the program still reach, and which are lost?
 *
 * An object is lost when marking from the roots (reach/reach.h) does not come to it. Of the lost ones, those are lost
 * directly that no other lost object leads to; of a cycle of lost objects, that nothing else leads to, one stands for
 * all. The rest is lost indirectly, and counted with the direct one that leads to it. Objects are reported in groups,
 * one for each stack they were allocated at.
 *
 * Nothing here allocates from the heap or takes a lock. The caller sees to it that objects neither come nor go: the
 * world is stopped, or this is a copy of the process.
 */
#ifndef FREEHOLD_CHECK_LEAKS_H
#define FREEHOLD_CHECK_LEAKS_H

#include "check/object.h"
#include "reach/reach.h"
#include "tell/request.h"

/* Groups that are written when nobody says how many. */
#define LEAKS_GROUPS_MOST 500u

struct leaks_totals {
  bool searched;         /* false: no memory, or no /proc; all else is 0 then */
  size_t threads_missed; /* their registers were not seen */
  size_t groups_dropped; /* not written because there were too many; the totals have them */
  size_t direct_blocks, direct_bytes;
  size_t indirect_blocks, indirect_bytes;
  size_t reachable_blocks, reachable_bytes;
};

/*
 * A range that is no root. The heap and whatever else the library has reserved (space/own.h) need not be named.
 * Before the first search, by one thread; at most LEAKS_EXCLUDED_MOST, false beyond.
 */
#define LEAKS_EXCLUDED_MOST 24u
bool leaks_exclude(uintptr_t start, size_t bytes);
/* The same for the variables of the module this is linked into: once, in the shared library, where nobody else's are.
 * */
void leaks_exclude_own_variables(void);

/*
 * Searches, and writes a record of kind leak for each group, the one with most bytes first and at most `most` of
 * them; with `reachable` also those of what is still reachable, with FH_REPORT_REACHABLE. `here` is the calling
 * thread's state. Uses the mark bytes of all objects, and leaves them in any state.
 */
void leaks_search(const ucontext_t *here, bool reachable, size_t most, struct report_sink *sink,
                  struct leaks_totals *totals);

/* The same as an answer of a library that is asked (tell/request.h). */
bool leaks_answer(const ucontext_t *here, bool reachable, size_t most, struct report_sink *sink,
                  struct fh_record_answer *answer);

/* At exit: stops the other threads, searches and lets them go on. mode is that of the option; LEAKS_SUMMARY only counts. `here` is where the program itself has come to its end: what lies below on the stack, and in the
 * registers by now, is not the program's. Records go to report_write. */
void leaks_at_exit(unsigned mode, const ucontext_t *here, struct leaks_totals *totals);

/* The chain of references that keeps the object at `address`: `record` and `steps`, of which there is room for
 * `most`, are filled in but for the head's magic, version and process. Returns how many steps were filled in. */
size_t leaks_why(const ucontext_t *here, uintptr_t address, struct fh_record_chain *record,
                 struct fh_chain_step *steps, size_t most);

#endif
