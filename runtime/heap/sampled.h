/*
 * sampled.h: the objects that the option sample has picked: each on pages of its own, between pages that may not be touched.
 *
 *     | guard | slot 0: pages for 64 KiB | guard | slot 1 | guard | ...
 *
 * Of a slot only the pages that its object lies on are open. The object ends at the end of the slot's pages, but for its
 * alignment, or, one in four, starts at their start; the bytes around it on its pages are filled, and looked at when it is
 * freed. Its frames go back then, its address faults, and of all slots the one is used next that has been free longest.
 *
 * These addresses are no part of the heap's and stand in none of its accounts. What is known of an object stands in a
 * record outside of them, with the stacks of its allocation and its free, so that memory for sampling is bounded.
 *
 * Who is picked: heap/sampling.h. How a stack is taken and a report written is known above this room, and given to
 * sampled_start. All functions are thread-safe, set no errno and allocate nothing.
 */
#ifndef FREEHOLD_HEAP_SAMPLED_H
#define FREEHOLD_HEAP_SAMPLED_H

#include "base/bits.h"
#include "record/report.h"

#define SAMPLED_MAX_BYTES ((size_t)64 * 1024)
#define SAMPLED_FRAMES    32u

struct sampled_stack {
  uint32_t thread; /* as the kernel numbers them; 0: there is no stack */
  uint32_t count;
  uintptr_t frames[SAMPLED_FRAMES];
};

enum sampled_state {
  SAMPLED_UNUSED, /* nobody's yet, or on its way to somebody */
  SAMPLED_LIVE,
  SAMPLED_ENDING, /* a thread is at freeing it */
  SAMPLED_FREED,
};

/* Written by whoever took the slot, or changed `state` from LIVE to ENDING; the rest is atomic. */
struct sampled_object {
  uintptr_t start;
  size_t bytes;     /* as the program asked */
  uint8_t state;    /* enum sampled_state */
  uint8_t reported; /* an access outside of it or after its life: once is enough */
  uint8_t kept;     /* pages were opened for the program to go on: not used again */
  struct sampled_stack allocated, freed;
};

struct sampled_error {
  enum fh_report_kind kind;
  uintptr_t address;
  const struct sampled_object *object;
  const char *call;    /* the function that was given the address; NULL: an access by an instruction */
  bool late;           /* found by what it left behind */
  uint8_t access;      /* enum fh_access */
  const void *context; /* ucontext_t of the access, or NULL */
};

struct sampled_hooks {
  /* The stack of the caller outside of this library; how many frames. */
  size_t (*stack)(uintptr_t *frames, size_t most);
  void (*report)(const struct sampled_error *error);
};

struct sampled_stretch {
  uintptr_t base;
  size_t bytes; /* 0: there are no slots */
};
INTERNAL extern struct sampled_stretch sampled_stretch; /* fixed after start */

/* Reserves addresses for `slots` objects, or for as many as there is room for; how many. Once, by one thread. */
size_t sampled_start(size_t slots, const struct sampled_hooks *hooks);

ALWAYS_INLINE bool sampled_contains(uintptr_t address) {
  return address - sampled_stretch.base < sampled_stretch.bytes;
}

/* An object of its own pages, zeroed. NULL when no slot is free, or it does not fit into one, or there is no memory: the
 * caller takes an ordinary one. */
void *sampled_take(size_t size, size_t alignment);

/* The object whose slot, or whose guard, `address` is in: of two neighbours the nearer one. NULL where there was none. */
struct sampled_object *sampled_find(uintptr_t address);
enum sampled_state sampled_state(const struct sampled_object *object);

/* Frees a live object, after a look at the bytes around it. False when another thread was faster. */
bool sampled_give(struct sampled_object *object);

/* Reports that `call` was given an address in the slots that is no live object's start; does not return with
 * on_misuse=abort. False when there is nothing to say of the address. */
bool sampled_misuse(const char *call, uintptr_t address);

enum sampled_verdict {
  SAMPLED_NOT_OURS, /* nothing to say: no object was there, or it was said before */
  SAMPLED_GO_ON,    /* the instruction can be tried again */
  SAMPLED_REPORTED, /* the program ends as it does for any such fault */
};
/* What a fault at an address in the slots is; reports it. Async-signal-safe. */
enum sampled_verdict sampled_fault(uintptr_t address, uint8_t access, const void *context);

/* Memory that the live objects hold. */
size_t sampled_bytes(void);

/* Around a fork. */
void sampled_before_fork(void);
void sampled_after_fork_in_parent(void);
void sampled_after_fork_in_child(void);

#endif
