#include "collect/sites.h"
#include "heap/collected.h"
#include "space/kernel.h"

/* Slices whose numbers are made usable at once. */
#define STEP_SLICES ((size_t)64)

static stack_id *numbers;                 /* by slice and slot; fixed after the start */
static size_t slices_most, slices_usable; /* the second atomic */
static struct stack_site unknown;         /* atomic */

/* Whoever comes at the same time does the same again. */
static COLD bool reach_slice(size_t slice) {
  size_t usable = __atomic_load_n(&slices_usable, __ATOMIC_RELAXED);
  size_t wanted = align_up(slice + 1, STEP_SLICES);
  if (wanted > slices_most)
    wanted = slices_most;
  if (slice >= wanted)
    return false;
  uintptr_t at = (uintptr_t)&numbers[usable * SLOTS_PER_SLICE];
  if (usable < wanted && kernel.commit(at, (wanted - usable) * SLOTS_PER_SLICE * sizeof *numbers) != 0)
    return false;
  while (usable < wanted &&
         !__atomic_compare_exchange_n(&slices_usable, &usable, wanted, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  return true;
}

static void note_allocated(void *object) {
  uintptr_t address = (uintptr_t)object;
  const struct span *span = space_table[slice_of(address)];
  size_t slice = span->first_slice;
  if (slice >= __atomic_load_n(&slices_usable, __ATOMIC_ACQUIRE) && !reach_slice(slice))
    return;
  numbers[slot_number(span, slot_index_at(span, address))] = stack_store(STACK_HERE(), true);
}

stack_id sites_stack_of(const struct span *span, uint32_t index) {
  size_t slice = span->first_slice;
  if (slice >= __atomic_load_n(&slices_usable, __ATOMIC_ACQUIRE) || index >= SLOTS_PER_SLICE)
    return 0;
  return numbers[slot_number(span, index)];
}

static void note_dead(const struct span *span, unsigned word, uint64_t dead) {
  for (; dead != 0; dead &= dead - 1) {
    struct stack_site *site = stack_site_of(sites_stack_of(span, word * 64 + (unsigned)__builtin_ctzll(dead)));
    if (site == NULL)
      site = &unknown;
    __atomic_fetch_add(&site->lost_blocks, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&site->lost_bytes, span->object_bytes, __ATOMIC_RELAXED);
  }
}

bool sites_start(void) {
  slices_most = space.slice_capacity;
  intptr_t at = kernel.reserve(slices_most * SLOTS_PER_SLICE * sizeof *numbers);
  if (at < 0 && at > -4096)
    return false;
  numbers = (stack_id *)at;
  kernel.name((uintptr_t)at, slices_most * SLOTS_PER_SLICE * sizeof *numbers, "freehold sites");
  stack_start();
  collected.died = note_dead;
  collected.allocated = note_allocated;
  return true;
}

struct stack_site sites_unknown(void) {
  return unknown;
}

static void clear(void *context, stack_id id, struct stack_site *site) {
  (void)context;
  (void)id;
  *site = (struct stack_site){.lost_blocks = 0};
}

void sites_clear(void) {
  stack_each(clear, NULL);
  unknown = (struct stack_site){.lost_blocks = 0};
}
