/*
 * Where objects were allocated, and what a sweep counts, with the collector's rooms linked in; and a kernel that has no
 * addresses to give.
 */
#include "../api/expect.h"

#include "collect/sites.h"
#include "heap/fast.h"
#include "heap/collected.h"
#include "heap/start.h"
#include "space/kernel.h"

static intptr_t refuse(size_t bytes) {
  (void)bytes;
  return -ENOMEM;
}
static int refuse_commit(uintptr_t address, size_t bytes) {
  (void)address;
  (void)bytes;
  return -ENOMEM;
}

static stack_id stack_of(const void *object, const struct span **span, uint32_t *index) {
  *span = space_table[slice_of((uintptr_t)object)];
  *index =
      (*span)->kind == FH_SPAN_SMALL ? span_slot_around(*span, (uint32_t)((uintptr_t)object - (*span)->start)) : 0;
  return sites_stack_of(*span, *index);
}

static uint64_t counted;
static void count(void *context, stack_id id, struct stack_site *site) {
  (void)id;
  counted += site->lost_blocks;
  *(uint64_t *)context += site->lost_bytes;
}

static __attribute__((noinline)) void *one_site(size_t bytes) {
  void *object = allocate(bytes);
  EXPECT(object != NULL);
  return object;
}

int main(void) {
  EXPECT(heap_start());
  const struct span *span;
  uint32_t index;
  void *early = allocate(40);
  EXPECT_EQUAL(stack_of(early, &span, &index), 0);

  struct kernel before = kernel;
  kernel.reserve = refuse;
  EXPECT(!sites_start());
  EXPECT(collected.allocated == NULL && collected.died == NULL);
  kernel = before;

  EXPECT(sites_start());
  kernel.commit = refuse_commit; /* the numbers can't be had: nothing is noted, and nothing fails */
  early = one_site(1u << 16);    /* its slice is in use */
  EXPECT_EQUAL(stack_of(early, &span, &index), 0);
  kernel = before;

  for (size_t bytes = 5000; bytes < 200000; bytes = bytes * 3 / 2) {
    void *object = one_site(bytes);
    stack_id id = stack_of(object, &span, &index);
    EXPECT(id != 0);
    uint64_t bytes_before = 0, bytes_after = 0;
    counted = 0;
    stack_each(count, &bytes_before);
    uint64_t blocks_before = counted;
    collected.died(span, index / 64, (uint64_t)1 << index % 64);
    counted = 0;
    stack_each(count, &bytes_after);
    EXPECT_EQUAL(counted, blocks_before + 1);
    EXPECT_EQUAL(bytes_after - bytes_before, span->object_bytes);
    release_slow(object);
  }

  /* An object from before the start counts, with a stack that nobody knows. */
  span = space_table[slice_of((uintptr_t)early)];
  collected.died(span, 0, 1);
  EXPECT_EQUAL(sites_unknown().lost_blocks, 1);

  sites_clear();
  uint64_t bytes = 0;
  counted = 0;
  stack_each(count, &bytes);
  EXPECT(counted == 0 && bytes == 0 && sites_unknown().lost_blocks == 0);
  collected.allocated = NULL; /* no report at the end */
  return 0;
}
