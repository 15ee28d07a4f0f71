#include "collect/mark_lists.h"
#include "reach/sequence.h"
#include "space/kernel.h"

#include <string.h>

/* With fewer entries than this nothing is shared: to wake somebody costs more. */
#define SHARE_LEAST 24u
/* Free chunks that are kept for the next cycle. */
#define KEPT_CHUNKS 64u

struct mark_lists mark_lists;

struct chunk *chunk_take(void) {
  lock_take(&mark_lists.lock);
  struct chunk *chunk = mark_lists.free;
  if (chunk != NULL) {
    mark_lists.free = chunk->next;
    mark_lists.free_count--;
  }
  lock_drop(&mark_lists.lock);
  if (chunk == NULL)
    chunk = sequence_piece(CHUNK_BYTES);
  if (chunk != NULL) {
    chunk->next = NULL;
    chunk->count = 0;
  }
  return chunk;
}

void chunk_give(struct chunk *chunk) {
  lock_take(&mark_lists.lock);
  bool keep = mark_lists.free_count < KEPT_CHUNKS;
  if (keep) {
    chunk->next = mark_lists.free;
    mark_lists.free = chunk;
    mark_lists.free_count++;
  }
  lock_drop(&mark_lists.lock);
  if (!keep)
    sequence_piece_release(chunk, CHUNK_BYTES);
}

void chunk_share(struct chunk *chunk) {
  lock_take(&mark_lists.lock);
  chunk->next = mark_lists.full;
  __atomic_store_n(&mark_lists.full, chunk, __ATOMIC_RELAXED);
  lock_drop(&mark_lists.lock);
  if (__atomic_load_n(&mark_lists.idle, __ATOMIC_RELAXED) != 0) {
    __atomic_fetch_add(&mark_lists.event, 1, __ATOMIC_RELEASE);
    kernel_wake(&mark_lists.event);
  }
}

struct chunk *chunk_find(void) {
  lock_take(&mark_lists.lock);
  struct chunk *chunk = mark_lists.full;
  if (chunk != NULL)
    __atomic_store_n(&mark_lists.full, chunk->next, __ATOMIC_RELAXED);
  lock_drop(&mark_lists.lock);
  return chunk;
}

void mark_stack_take(struct mark_stack *stack, struct chunk *chunk) {
  stack->chunk = chunk;
  stack->base = chunk != NULL ? chunk->entries : NULL;
  stack->top = chunk != NULL ? chunk->entries + chunk->count : NULL;
  stack->limit = chunk != NULL ? chunk->entries + CHUNK_ENTRIES : NULL;
}

struct chunk *mark_stack_leave(struct mark_stack *stack) {
  struct chunk *chunk = stack->chunk;
  if (chunk != NULL)
    chunk->count = (size_t)(stack->top - stack->base);
  mark_stack_take(stack, NULL);
  return chunk;
}

COLD NOINLINE void mark_stack_push_on_full(struct mark_stack *stack, struct entry entry) {
  struct chunk *fresh = chunk_take();
  if (fresh == NULL) {
    __atomic_store_n(&mark_lists.dropped, true, __ATOMIC_RELAXED);
    return;
  }
  struct chunk *full = mark_stack_leave(stack);
  if (full != NULL)
    chunk_share(full);
  fresh->entries[fresh->count++] = entry;
  mark_stack_take(stack, fresh);
}

/* Objects for procedures wait until the world stands still and one marker is left. */
void chunks_put_aside(struct chunk **list, struct entry entry) {
  lock_take(&mark_lists.lock);
  struct chunk *chunk = *list;
  bool full = chunk == NULL || chunk->count == CHUNK_ENTRIES;
  if (!full)
    chunk->entries[chunk->count++] = entry;
  lock_drop(&mark_lists.lock);
  if (!full)
    return;
  chunk = chunk_take();
  if (chunk == NULL) {
    __atomic_store_n(&mark_lists.dropped, true, __ATOMIC_RELAXED);
    return;
  }
  chunk->entries[chunk->count++] = entry;
  lock_take(&mark_lists.lock);
  chunk->next = *list;
  *list = chunk;
  lock_drop(&mark_lists.lock);
}

/* Gives half of what waits to those who have nothing. */
void mark_stack_share(struct mark_stack *stack) {
  size_t count = (size_t)(stack->top - stack->base);
  if (count < SHARE_LEAST || __atomic_load_n(&mark_lists.full, __ATOMIC_RELAXED) != NULL)
    return;
  struct chunk *half = chunk_take();
  if (half == NULL)
    return;
  /* The older half: it is what reaches most. */
  half->count = count / 2;
  memcpy(half->entries, stack->base, half->count * sizeof(struct entry));
  stack->top -= half->count;
  memmove(stack->base, stack->base + half->count, (count - half->count) * sizeof(struct entry));
  chunk_share(half);
}

void chunks_give_all(struct chunk **list) {
  for (struct chunk *chunk = *list, *next; chunk != NULL; chunk = next) {
    next = chunk->next;
    chunk_give(chunk);
  }
  *list = NULL;
}
