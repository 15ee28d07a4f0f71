/*
 * mark_lists.h: what is marked and still to be looked at: each marker's stack of it, and what markers have in common.
 */
#ifndef FREEHOLD_COLLECT_MARK_LISTS_H
#define FREEHOLD_COLLECT_MARK_LISTS_H

#include "base/bits.h"
#include "base/lock.h"

/* An object, or a piece of one, and what says where its pointers are (kinds.h). */
struct entry {
  uintptr_t start, descriptor;
};

#define CHUNK_BYTES   (16 * KIB)
#define CHUNK_ENTRIES ((CHUNK_BYTES - 16) / sizeof(struct entry))
struct chunk {
  struct chunk *next;
  size_t count;
  struct entry entries[CHUNK_ENTRIES];
};

struct mark_lists {
  struct lock lock;
  struct chunk *full;       /* to be looked at; lock, atomic for a glance */
  struct chunk *procedures; /* objects for the clients' procedures; lock */
  struct chunk *later;      /* marked, but to be looked at once the program stands still; lock */
  struct chunk *free;       /* lock */
  unsigned free_count;      /* lock */
  uint32_t idle;            /* atomic: markers that wait for work */
  uint32_t event;           /* atomic, a futex: work was shared, or all is done */
  bool dropped;             /* atomic: an entry was lost for want of memory */
};
INTERNAL extern struct mark_lists mark_lists;

/* An empty chunk, or NULL; and back. */
struct chunk *chunk_take(void);
void chunk_give(struct chunk *chunk);
/* Onto the common list, and off it: NULL when it is empty. */
void chunk_share(struct chunk *chunk);
struct chunk *chunk_find(void);
/* All of a list that nobody else touches. */
void chunks_give_all(struct chunk **list);

/* One marker's chunk, with its count taken apart; all pointers are the same without a chunk. */
struct mark_stack {
  struct chunk *chunk;
  struct entry *base, *top, *limit;
};
void mark_stack_take(struct mark_stack *stack, struct chunk *chunk);
/* Its chunk, or NULL; it has none then. */
struct chunk *mark_stack_leave(struct mark_stack *stack);
/* Gives half of what waits to those who have nothing, if it is worth that. */
void mark_stack_share(struct mark_stack *stack);
void mark_stack_push_on_full(struct mark_stack *stack, struct entry entry);

/* What can't be pushed for want of memory is dropped, which is noted. */
ALWAYS_INLINE void mark_stack_push(struct mark_stack *stack, uintptr_t start, uintptr_t descriptor) {
  struct entry *top = stack->top;
  if (UNLIKELY(top == stack->limit)) {
    mark_stack_push_on_full(stack, (struct entry){start, descriptor});
    return;
  }
  *top = (struct entry){start, descriptor};
  stack->top = top + 1;
}

ALWAYS_INLINE bool mark_stack_pop(struct mark_stack *stack, struct entry *entry) {
  struct entry *top = stack->top;
  if (UNLIKELY(top == stack->base))
    return false;
  *entry = *--top;
  stack->top = top;
  return true;
}

/* Onto one of the lists of what has to wait. */
void chunks_put_aside(struct chunk **list, struct entry entry);

#endif
