#include "space/own.h"
#include "base/syscall.h"

#include <sys/mman.h>

/* A range is whoever's that added it, and only changed by who gives a part of it back; `start` is written last. */
struct range {
  uintptr_t start; /* 0: free, RANGE_TAKEN: about to be one; atomic */
  uintptr_t end;
};

#define RANGE_TAKEN      1u
#define RANGES_PER_BLOCK 1023u

static struct block {
  struct range ranges[RANGES_PER_BLOCK];
  struct block *next; /* atomic; set once */
} first_block;

/* The block behind another; a new one if there is none. NULL when there is no memory. */
static struct block *block_after(struct block *block) {
  struct block *next = __atomic_load_n(&block->next, __ATOMIC_ACQUIRE);
  if (next != NULL)
    return next;
  long got = SYSCALL6(SYS_mmap, 0, sizeof *block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got < 0 && got > -4096)
    return NULL;
  if (__atomic_compare_exchange_n(&block->next, &next, (struct block *)got, false, __ATOMIC_ACQ_REL,
                                  __ATOMIC_ACQUIRE))
    return (struct block *)got;
  SYSCALL2(SYS_munmap, got, sizeof *block);
  return next;
}

void own_add(uintptr_t start, size_t bytes) {
  for (struct block *block = &first_block; block != NULL; block = block_after(block))
    for (size_t i = 0; i < RANGES_PER_BLOCK; i++) {
      struct range *range = &block->ranges[i];
      uintptr_t unused = 0;
      if (!__atomic_compare_exchange_n(&range->start, &unused, RANGE_TAKEN, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED))
        continue;
      range->end = start + bytes;
      __atomic_store_n(&range->start, start, __ATOMIC_RELEASE);
      return;
    }
  /* Without memory it is not noted: what it holds then counts as a root, and leaks may go unseen. */
}

void own_remove(uintptr_t start, size_t bytes) {
  uintptr_t end = start + bytes;
  for (struct block *block = &first_block; block != NULL; block = __atomic_load_n(&block->next, __ATOMIC_ACQUIRE))
    for (size_t i = 0; i < RANGES_PER_BLOCK; i++) {
      struct range *range = &block->ranges[i];
      uintptr_t range_start = __atomic_load_n(&range->start, __ATOMIC_ACQUIRE), range_end = range->end;
      if (range_start <= RANGE_TAKEN || range_end <= start || range_start >= end)
        continue;
      bool before = range_start<start, behind = range_end> end;
      if (before)
        range->end = start;
      else
        __atomic_store_n(&range->start, behind ? end : 0, __ATOMIC_RELEASE);
      if (before && behind)
        own_add(end, range_end - end);
    }
}

bool own_range(size_t index, uintptr_t *start, uintptr_t *end) {
  struct block *block = &first_block;
  for (; block != NULL && index >= RANGES_PER_BLOCK; index -= RANGES_PER_BLOCK)
    block = __atomic_load_n(&block->next, __ATOMIC_ACQUIRE);
  if (block == NULL)
    return false;
  *start = __atomic_load_n(&block->ranges[index].start, __ATOMIC_ACQUIRE);
  *end = block->ranges[index].end;
  if (*start <= RANGE_TAKEN)
    *start = *end = 0;
  return true;
}
