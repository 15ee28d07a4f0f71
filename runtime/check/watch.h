/*
 * watch.h: the first accesses to fresh guarded objects.
 *
 * A watched object's pages are closed. Each access faults; it is decoded, judged, and let through (step.h). Stores mark bytes as written. A load of
 * bytes none of which was written, whose value is then used for more than being copied, is reported; so are accesses to the
 * slack between an object's end and its guard, and before its start.
 *
 * The watch of an object ends when it was written in full and a while after, when libc comes to it unasked, when
 * it is given to the kernel, when it took too many traps, when it is freed. Bytes count as unwritten only while they still
 * hold the fill, so that nobody's unseen write is a false alarm.
 */
#ifndef FREEHOLD_CHECK_WATCH_H
#define FREEHOLD_CHECK_WATCH_H

#include "guard/guard.h"

#include <ucontext.h>

bool watch_start(void);

/* Whether objects allocated at `pc` may be watched. Those of libc's own may not: it gives them to the kernel without asking
 * anybody (a stream's buffer to read), who would not get through. */
bool watch_serves(uintptr_t pc);

/* Begins to watch a live object whose bytes hold the fill, or zeros, which all count as written. False when it can't be
 * watched; then it is open. */
#define WATCH_BYTES_MOST (MIB)
bool watch_begin(struct object_record *record, struct stack_site *site, bool zeroed);

/* Whether the record's object is watched. */
ALWAYS_INLINE bool watch_covers(const struct object_record *record) {
  return __atomic_load_n(&record->watch, __ATOMIC_ACQUIRE) != 0;
}

/* A fault in a watched object's pages. True when the instruction is let through. */
bool watch_fault(struct object_record *record, ucontext_t *context);
/* Ends the watch: the pages are open, and all bytes count as written. Nothing happens to an object that isn't watched. */
void watch_end(struct object_record *record);
void watch_end_all(void);

/* A function of libc that was looked at before is about to touch `bytes` bytes of the object from `from` on: their pages are
 * open until watch_reclose. */
void watch_lend(struct object_record *record, size_t from, size_t bytes);
/* Closes what this thread's calls were lent. Cheap when there is nothing. */
void watch_reclose_lent(void);
INTERNAL extern __thread unsigned watch_lent;
/* For calls that libc itself may make on the way, when the program's own has not returned yet; `pc` is the caller. */
ALWAYS_INLINE void watch_reclose_for(uintptr_t pc) {
  if (UNLIKELY(watch_lent != 0) && watch_serves(pc))
    watch_reclose_lent();
}

/* Opens the pages for code of ours that is about to touch the object, and closes them again. */
bool watch_pause(struct object_record *record);
void watch_resume(struct object_record *record);

/* Bytes [from, from + bytes) of the object were written, or carried there. */
void watch_wrote(struct object_record *record, size_t from, size_t bytes);
/* Whether none of the bytes was ever written, as far as is known: false for an object that isn't watched. Its pages have to
 * be open. */
bool watch_unwritten(const struct object_record *record, size_t from, size_t bytes);
/* The same of bytes that are looked at one after the other, as a string's are: whether there are any that were never
 * written, the first one or some in a row. */
bool watch_unwritten_text(const struct object_record *record, size_t from, size_t bytes);

/* How many objects were watched, and accesses to them. */
uint64_t watch_objects(void);
uint64_t watch_accesses(void);

#endif
