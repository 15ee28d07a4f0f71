/*
 * mark.h: from roots to all that they reach, by one thread or several.
 *
 * Marked objects whose words are still to be looked at stand as entries in chunks. Each marker works on a chunk of its own;
 * full ones go to a common list, from which those who have nothing left take. What a marker looks at next waits in a
 * short queue while the processor fetches it.
 *
 * Memory for chunks comes from the kernel. When there is none, entries are dropped, which is noted, and all marked
 * objects are looked at once more, until nothing was dropped.
 */
#ifndef FREEHOLD_COLLECT_MARK_H
#define FREEHOLD_COLLECT_MARK_H

#include "collect/collect.h"

#define MARKERS_MOST 16u

/* Begins marking with nothing pending. `parallel`: more than one marker works, so marks are set by atomics. */
void mark_begin(void);

/* Words that were found, of which one that points exactly behind an object counts too if `stack`. */
void mark_words(const uintptr_t *words, size_t count, bool stack);

/* Whether a word that points so many bytes into an object counts where interior pointers don't. */
bool mark_counts_at(size_t offset);

/* In a copy of the process: mark_object and mark_range mark nothing, and tell what they were called for. NULL: no more. */
void mark_watch(void (*object)(uintptr_t word), void (*range)(uintptr_t start, uintptr_t end));

/* Marks all that is pending with up to `markers` threads, the calling one included, and runs the clients' procedures,
 * which must only happen while the world stands still. */
void mark_finish(unsigned markers);

/*
 * ---- Beside the program ----
 *
 * Between mark_beside_begin and _end the program runs. Then only the heap's memory is read, which stays readable whatever the
 * program does, and descriptors of spans, which stay what they are (collected.marking). What the program has written to
 * since it was read must be looked at again; what can't be read safely yet is left for mark_beside_end.
 */
/* By who has stopped the world. While *halt is not 0, the marker comes to rest. */
void mark_beside_begin(const uint32_t *halt);
/* In the thread that marks: until nothing is left, true, or it is to halt, false. */
bool mark_beside(void);
/* By another thread: some of it, about so many objects' worth. Bytes of what it has marked. */
uint64_t mark_assist(uint64_t objects);
/* In the thread that marks, or in the pause: the words of marked objects in these pages of the heap once more. */
void mark_again(uintptr_t start, uintptr_t end);
/* While the world stands still and nothing else marks. */
void mark_beside_end(void);
/* Forgets what is pending; marks are in any state. Nothing else marks. */
void mark_abandon(void);

/* The pause in which mark_finish was called is about to end. */
void mark_end(void);

/* What was marked since mark_begin. */
struct mark_totals {
  uint64_t objects, bytes;
  uint64_t scanned_bytes; /* of objects that may hold pointers */
  uint64_t absent_bytes;  /* of those, in pages that were never written to */
};
struct mark_totals mark_totals(void);

/* In a child of fork: the other markers are gone. */
void mark_after_fork_in_child(void);

#endif
