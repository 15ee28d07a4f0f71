/*
 * collect.h: memory that frees itself: objects that nothing reaches any more are taken back.
 *
 * Objects live in the heap's spans, beside those that are freed by hand, and may be freed by hand as well. What an
 * object is to the collector, its span's kind says. Marks are bits in the span's descriptor, one for an object.
 *
 * One collection goes through these states (cycle.c; docs/design/gc.md says what each guarantees):
 *
 *   IDLE      nothing is marked. Spans may still have marks of the last cycle and be waiting to be swept
 *   CLEARING  the last spans are swept, all marks are cleared. The program runs
 *   MARKING   only beside the program: after a look at the roots, in a pause, what they reach is marked while it runs
 *   FINISHING the program stands still: what the roots reach is marked, weak links cleared, finalizers found
 *   SWEEPING  the program runs; each span is swept when its heap wants to allocate from it, the rest by the collector
 *
 * Locks: the cycle lock is taken first of all. While the world stands still the collecting thread holds every lock
 * of the heap, so nothing of the heap is half done, but for the paths without locks (see sweep.h).
 */
#ifndef FREEHOLD_COLLECT_COLLECT_H
#define FREEHOLD_COLLECT_COLLECT_H

#include "heap/collected.h"

/* FINISHING is over when whoever has begun it returns: nobody sees it. */
enum collect_state { COLLECT_IDLE, COLLECT_CLEARING, COLLECT_MARKING, COLLECT_SWEEPING };

/* ---- Kinds of objects ---- */

/* Beside those of heap/collected.h, of which the scanned ones are zeroed. */
enum collect_kind {
  KIND_TYPED = KIND_OTHER_FIRST, /* its last word is its descriptor; 0: no pointers so far; zeroed */
  KIND_CLIENT_FIRST,             /* made by collect_new_kind */
  KIND_MOST = 24,
};

/*
 * How an object's words are looked at: the form of a descriptor is bdwgc's (gc_mark.h of its release 8.2), because its
 * clients make them: the low two bits are a tag.
 *   DESCRIPTOR_LENGTH  the first (descriptor) bytes may be pointers
 *   DESCRIPTOR_BITMAP  bit 63 - i: word i may be one
 *   DESCRIPTOR_PROC    a procedure of the client is called: 6 bits of its number, then 56 bits for it
 *   DESCRIPTOR_PER_OBJECT  the descriptor stands in the object itself, or in what its first word points to (negative)
 */
enum {
  DESCRIPTOR_LENGTH,
  DESCRIPTOR_BITMAP,
  DESCRIPTOR_PROC,
  DESCRIPTOR_PER_OBJECT,
  DESCRIPTOR_TAG_MASK = 3,
  DESCRIPTOR_TAG_BITS = 2
};

/* A new kind whose objects are looked at by `descriptor`, to which the object's size is added if `add_size`. 0 when
 * there are too many. Thread-safe. */
unsigned collect_new_kind(uintptr_t descriptor, bool add_size, bool zeroed);
/* The procedures that DESCRIPTOR_PROC names. They run while the world stands still, one at a time: mark_object and
 * mark_range may be called, nothing else. Returns its number, or -1. */
typedef void (*collect_procedure)(uintptr_t *object, uintptr_t environment);
int collect_new_procedure(collect_procedure procedure);
void collect_set_procedure(int number, collect_procedure procedure);

/* ---- Allocating ---- */

/* Idempotent and thread-safe; the first allocation does it. False when there is no memory at all. */
bool collect_start(void);

/* At least `bytes`, aligned to 16, of undefined content past what the kind zeroes. Collects when it is time to, and when
 * memory is short before it gives up: then NULL, errno ENOMEM. */
void *collect_allocate(size_t bytes, unsigned kind);
/* The client promises to keep a pointer to the object's first page: others don't count. Of large objects; others are as
 * by collect_allocate. */
void *collect_allocate_by_start(size_t bytes, unsigned kind);
/* Up to `most` objects of one size, each with the address of the next in its first word, zeroed otherwise where the
 * kind is. NULL as above. */
void *collect_allocate_many(size_t bytes, unsigned kind, size_t most);
/* By hand: the start of an object of any kind. What is no such start ends the program with an explanation. */
void collect_free(void *object);
/* Keeps the kind. As realloc otherwise, but that NULL gives a scanned object. */
void *collect_reallocate(void *object, size_t bytes);

struct collect_object {
  uintptr_t start;
  size_t bytes; /* of its slot */
  unsigned kind;
};
/* The live object that `address` lies in. False when there is none. Async-signal-safe. */
bool collect_object_at(const void *address, struct collect_object *object);

/* ---- Collecting ---- */

/* A whole cycle, finished when it returns, but for sweeping. False when collecting is switched off, or goes on in this
 * thread already (a hook or finalizer calls it). Finalizers are not run by it: collect_hooks.ended may. */
bool collect_now(void);
/* The last one of a process that ends. */
bool collect_at_end(void);
/* If a cycle is due: all of it, or, where marking goes on beside the program, what is next. */
void collect_if_due(void);
/* From now on marking goes on while the program runs, if the option `collect` and the kernel allow it. Whether it does. */
bool collect_beside(void);
bool collect_is_beside(void);
/* Does what is next of a cycle that goes on, or is due, or, with `begin`, where there is none; whether more is to do. */
bool collect_a_little(bool begin);
/* Nests: collections only happen while there were as many of the one as of the other. */
void collect_disable(void);
void collect_enable(void);
bool collect_is_disabled(void);
/* Sweeps all that is left to be swept, and gives free pages back to the system. */
void collect_finish_sweep(bool give_back);
/* Between the two no collection can start or end: weak pointers may be read, tables of the collector's changed. A hook of
 * the collecting thread gets false, which it hands back. */
bool collect_lock(void);
void collect_unlock(bool entered);

struct collect_settings {
  size_t heap_most;    /* bytes; 0: no limit but the heap's own */
  size_t heap_initial; /* bytes: no collection below it */
  unsigned
      space_divisor;  /* a cycle begins when (live bytes / divisor) were allocated since the last; 0 counts as 1 */
  bool interior;      /* words of the heap and of static data also count when they point into an object; those on
                             stacks and in registers always do */
  bool static_roots;  /* data of the program and its libraries counts */
  bool library_roots; /* of its libraries, too */
  bool all_memory;    /* all writable mappings are roots, as a program that knows nothing of us wants it */
  unsigned markers;   /* threads that mark; 0: as many as there are processors, at most 16 */
};
extern struct collect_settings collect_settings;

/* For words that count as a reference to the object `offset` bytes before, even without `interior`. */
bool collect_register_displacement(size_t offset);

/* ---- Roots ---- */

bool collect_add_roots(uintptr_t start, uintptr_t end);
void collect_remove_roots(uintptr_t start, uintptr_t end); /* whatever lies within, of those added */
void collect_clear_roots(void); /* the static ones, too: collect_settings.static_roots off */

/* ---- In the pause, from the hooks below and from procedures ---- */

/* If `word` points to an object (interior pointers allowed), marks it, to be scanned later. */
void mark_object(uintptr_t word);
/* The words of an object that may be pointers, without marking the object itself. */
void mark_contents(uintptr_t start);
/* All aligned words in a range, which must be readable. */
void mark_range(uintptr_t start, uintptr_t end);
/* Scans what is waiting, until nothing is left. */
void mark_drain(void);
/* Whether the object that starts here is marked; true for what is no object of the collector's. */
bool mark_is_set(uintptr_t start);

/* What lies above the collector in the house is called through these; each may be NULL. */
struct collect_hooks {
  void (*began)(void);      /* a cycle starts. Cycle lock held, the program runs */
  void (*more_roots)(void); /* the world stands still: mark_object, mark_range */
  void (*marked)(void);  /* the world stands still, everything reachable is marked: clear weak links, find what is to
                               be finalized, mark that with mark_object and mark_drain, clear the other links */
  void (*resumed)(void); /* the world goes on. Cycle lock held: wake nobody who may wait for it */
  void (*ended)(void);   /* in the thread that collected, after all locks are dropped: finalizers may run here */
};
extern struct collect_hooks collect_hooks;

/* ---- Threads that stand still ---- */

/* Stops one thread, known by its thread pointer, until collect_resume_thread; what it holds stays reachable. Not the calling
 * one. False when it did not stop, or too many are stopped so. A thread that is stopped stays so, however often it was
 * asked for; one call lets it go on. */
bool collect_suspend_thread(uintptr_t thread_pointer);
void collect_resume_thread(uintptr_t thread_pointer);
bool collect_thread_is_suspended(uintptr_t thread_pointer);
/* All others, between the two: the caller may only read. Both false when they could not be stopped. */
bool collect_stop_world(void);
void collect_start_world(void);

/* ---- Accounts ---- */

struct collect_accounts {
  uint64_t cycles;
  uint64_t heap_bytes, free_bytes; /* held from the system; of them, not of live objects as far as known */
  uint64_t allocated_bytes, allocated_since_cycle;               /* to the granularity of a window: see heap.h */
  uint64_t freed_bytes;                                          /* by hand or by collections */
  uint64_t live_bytes_after, reclaimed_bytes, reclaimed_objects; /* of the last cycle */
  uint64_t pause_nanoseconds, pause_most, pause_total;           /* the last, the longest, all */
  uint64_t mark_nanoseconds;
};
void collect_accounts_read(struct collect_accounts *accounts);

/* ---- Threads ---- */

/* All threads are found without registration. A thread in such a call has promised to touch nothing of the collector's:
 * it isn't stopped; on its return it waits for a pause to end. */
void *collect_while_blocked(void *(*run)(void *), void *argument);
void *collect_while_active(void *(*run)(void *), void *argument);

#endif
