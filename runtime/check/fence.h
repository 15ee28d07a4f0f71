/*
 * fence.h: objects in ordinary slots of the heap, with fences of known bytes before and behind them, and a quarantine
 * in which freed ones wait. What a fence or a freed object's bytes have become tells later that somebody wrote there.
 *
 *     | front fence | object | rear fence: the rest of the slot |
 *
 * Thread-safe.
 */
#ifndef FREEHOLD_CHECK_FENCE_H
#define FREEHOLD_CHECK_FENCE_H

#include "guard/guard.h"

/* An object of `bytes` bytes aligned to `alignment`, both fences set, state NONE; its contents are anything. NULL when
 * there is no memory. */
struct object_record *fence_take(size_t bytes, size_t alignment);

/* What is not as it was left. */
struct fence_damage {
  bool found;
  uintptr_t first; /* address of the first changed byte */
  size_t bytes;    /* from it to the last changed one, as far as was looked */
};

/* Looks at the fences of a live object. */
struct fence_damage fence_inspect(const struct object_record *record);
/* Sets damaged fences anew, so that the same damage is not found twice. */
void fence_mend(struct object_record *record);

/* Another size for a live object of the heap's large kind, by moving pages; its record may be another one afterwards, with
 * nothing but place and size set. NULL with nothing changed when that can't be done. */
struct object_record *fence_resize(struct object_record *record, size_t bytes);

/* Fills a freed object, and takes it into the quarantine. Whatever has waited long enough leaves it: if it was written to
 * meanwhile, `written` is called with it first. */
void fence_give(struct object_record *record,
                void (*written)(struct object_record *record, struct fence_damage damage));

/* Looks at everything that waits, at the end of the program, but for the queues that somebody is just changing: a thread
 * that goes on, or one that the calling signal handler has interrupted. */
void fence_inspect_waiting(void (*written)(struct object_record *record, struct fence_damage damage));

void fence_before_fork(void);
void fence_after_fork(bool in_child);

/* Whether all `bytes` bytes are `value`; if not, *first and *last are where others stand. */
bool bytes_are(const unsigned char *at, size_t bytes, unsigned char value, size_t *first, size_t *last);

#endif
