#include "trace/stack_range.h"
#include "space/kernel.h"

#include <sys/auxv.h>

/* What the kernel is asked about at once; the smallest page there is, so that no larger one is cut. */
#define PROBE_BYTES ((uintptr_t)4096)
/* A stack is followed this far in one go: more than 8 MiB, the usual limit. */
#define REACH_BYTES (16 * MIB)

__thread struct own_stack own_stack;

static uintptr_t main_thread_pointer; /* fixed after start; 0 before */

static struct stack_range between(uintptr_t low, uintptr_t high) {
  return (struct stack_range){low, high - low - (sizeof(uintptr_t) - 1)};
}

static uintptr_t range_end(const struct stack_range *range) {
  return range->low + range->room + (sizeof(uintptr_t) - 1);
}

/*
 * An address at the upper end of the thread's stack, on the same mapping. The kernel puts the bytes of AT_RANDOM
 * above the main thread's first frame; the C libraries put a thread's control block at the upper end of its stack.
 */
static uintptr_t upper_end(uintptr_t sp) {
  uintptr_t of_process = align_down(getauxval(AT_RANDOM), sizeof(uintptr_t));
  if (of_process > sp && of_process - sp <= REACH_BYTES)
    return of_process;
  uintptr_t pointer = align_down((uintptr_t)__builtin_thread_pointer(), sizeof(uintptr_t));
  if (pointer != main_thread_pointer && pointer > sp && pointer - sp <= REACH_BYTES)
    return pointer;
  return 0;
}

COLD struct stack_range stack_range_learn(uintptr_t sp) {
  struct own_stack *own = &own_stack;
  const struct stack_range nothing = {0, 0};
  if (own->range.room == 0) {
    uintptr_t end = upper_end(sp);
    uintptr_t page = align_down(end - 1, PROBE_BYTES);
    if (end == 0 || end - page < sizeof(uintptr_t) || !kernel_readable(page))
      return nothing;
    own->range = between(page, end);
  }
  if (sp >= own->range.low)
    return stack_range_has(&own->range, sp) ? own->range : nothing;
  if (own->range.low - sp > REACH_BYTES)
    return nothing;
  uintptr_t end = range_end(&own->range), low = own->range.low;
  while (low > sp && low - PROBE_BYTES != own->floor) {
    if (!kernel_readable(low - PROBE_BYTES)) {
      own->floor = low - PROBE_BYTES;
      break;
    }
    low -= PROBE_BYTES;
  }
  own->range = between(low, end);
  return low <= sp ? own->range : nothing;
}

/* Another stack, or not one at all. What is known afterwards is the page of `address`, together with what was
 * known if that is beside it. */
COLD bool stack_range_ask(struct stack_range *known, uintptr_t address) {
  struct stack_range own = stack_range_of(address);
  if (stack_range_has(&own, address)) {
    *known = own;
    return true;
  }
  uintptr_t word = align_down(address, sizeof(uintptr_t));
  uintptr_t page = align_down(address, PROBE_BYTES);
  /* A word that is not aligned may lie on two pages. */
  if (word != address || page == 0 || !kernel_readable(word))
    return false;
  if (known->room != 0 && range_end(known) == page)
    *known = between(known->low, page + PROBE_BYTES);
  else if (known->room != 0 && known->low == page + PROBE_BYTES)
    *known = between(page, range_end(known));
  else
    *known = between(page, page + PROBE_BYTES);
  return true;
}

void stack_range_start(void) {
  main_thread_pointer = align_down((uintptr_t)__builtin_thread_pointer(), sizeof(uintptr_t));
}
