/*
 * guard.h: objects on pages of their own, each against a page that may not be touched.
 *
 * A stretch of addresses of its own, cut in chunks of 4 MiB; a chunk has slots of one size, 2^k pages:
 *
 *     | dead ... dead | the object's pages | guard |      one slot; the object ends at the guard, but for its alignment
 *
 * A slot is used once, then dead: its frames go back when the object is freed, and any access to it faults. Addresses are
 * used in order, and only when the stretch is at its end those again that have been dead longest.
 *
 * What is known of a slot stands in a record outside of the stretch. All functions are thread-safe; guard_find is
 * async-signal-safe. Nothing here sets errno.
 */
#ifndef FREEHOLD_GUARD_GUARD_H
#define FREEHOLD_GUARD_GUARD_H

#include "base/bits.h"
#include "trace/stack.h"

/* What is known of one object; the first half is the checker's. `state` is atomic; the rest is written before an object is
 * given out and after it was taken back by the one thread that changed the state. */
struct object_record {
  uintptr_t start; /* as the program knows it */
  size_t bytes;    /* as the program asked */
  stack_id allocated, freed;
  uint32_t allocated_thread, freed_thread;
  stack_id earlier_allocated, earlier_freed; /* of the address's owner before; 0 */
  uint32_t earlier_bytes;
  uint8_t state;    /* enum fh_object_state */
  uint8_t made_by;  /* enum fh_family */
  uint8_t freed_by; /* enum fh_family */
  uint8_t mark;     /* for whoever looks for leaks */
  uint8_t fenced;   /* no guarded slot */
  uint8_t known;    /* OBJECT_KNOWN_*: what was reported already, and what follows from it is not reported again */
  uint16_t watch;   /* check/watch.h; atomic */
  /* Of a fenced one (check/fence.h): the logarithm of what lies before it in its slot, and the bytes behind it that are
   * looked at. */
  uint8_t front_shift, rear_bytes;
};

#define OBJECT_KNOWN_DAMAGE 1u /* an access outside of the object */
#define OBJECT_KNOWN_FREE   2u /* a free that went wrong: the object stays for good */

/* What every record begins as. */
#define OBJECT_RECORD_BYTES 64

/* Reserves the stretch. False when guarding is not possible here; everything else then still works and finds nothing. */
bool guard_start(void);

/* A fresh slot for `bytes` bytes aligned to `alignment` (a power of two): zeroed, readable and writable, state NONE.
 * NULL when there are no addresses or no memory left for it. */
struct object_record *guard_take(size_t bytes, size_t alignment);

/* Gives the pages of a slot back; its address stays dead. The record stays as it is. */
void guard_give(struct object_record *record);

/* The record of the slot that `address` lies in, its dead pages and its guard included; NULL outside of the stretch or
 * where no slot was ever used. */
struct object_record *guard_find(uintptr_t address);

/* The records of the slots before and behind the one of `address`, which may never have been used itself; or NULL. */
struct object_record *guard_find_before(uintptr_t address);
struct object_record *guard_find_behind(uintptr_t address);

/* Whether `address` is in the stretch at all. */
ALWAYS_INLINE bool guard_contains(uintptr_t address);

/* Calls `visit` for every slot that was ever used, until it gives false. */
void guard_each(bool (*visit)(void *context, struct object_record *record), void *context);

/* After an error was reported: makes the pages that were hit readable and writable, so that the program can go on. They are
 * never used again. */
bool guard_open(uintptr_t address, size_t bytes);

/* The pages of a live object may not be touched / may be again; contents stay. */
bool guard_close_pages(struct object_record *record);
bool guard_open_pages(struct object_record *record);
/* Its pages are going to be closed and opened often, or no more. */
void guard_set_apart(struct object_record *record, bool apart);

/* Memory that live guarded objects hold now, and held at most. */
size_t guard_live_bytes(void);
size_t guard_peak_bytes(void);

INTERNAL extern uintptr_t guard_base;
INTERNAL extern size_t guard_bytes;

ALWAYS_INLINE bool guard_contains(uintptr_t address) {
  return address - guard_base < guard_bytes;
}

#endif
