/*
 * What only a protected heap points to is kept, whatever the heap is closed to; what only a heap of secrets points to is
 * not, which also shows that the collector was at work at all. Needs a collection now and then (collect_every).
 */
#include "../api/expect.h"

enum { NODES = 200, NODE_BYTES = 96, ROUNDS = 200, ROUND_BYTES = 4096 };

static fh_heap *heaps[3];
static const unsigned flags[3] = {FH_HEAP_PROTECTED, FH_HEAP_PROTECTED, FH_HEAP_SECRET | FH_HEAP_MAY_SWAP};
static const enum fh_heap_access access_of[3] = {FH_HEAP_NO_ACCESS, FH_HEAP_READ_ONLY, FH_HEAP_NO_ACCESS};
/* Where the tables are, in a form that is no pointer. */
static uintptr_t hidden[3];

__attribute__((noinline)) static void build(int number) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .flags = flags[number]};
  heaps[number] = fh_heap_create(&options);
  EXPECT(heaps[number]);
  char **table = fh_heap_calloc(heaps[number], NODES, sizeof *table);
  EXPECT(table);
  for (size_t i = 0; i < NODES; i++) {
    table[i] = malloc(NODE_BYTES);
    EXPECT(table[i]);
    pattern_fill(table[i], NODE_BYTES, i);
  }
  hidden[number] = ~(uintptr_t)table;
  EXPECT_EQUAL(fh_heap_protect(heaps[number], access_of[number]), 0);
}

__attribute__((noinline)) static void clear_stack(void) {
  volatile char old[16384];
  for (size_t i = 0; i < sizeof old; i++)
    old[i] = 0;
}

__attribute__((noinline)) static void make_garbage(void) {
  for (int round = 0; round < ROUNDS; round++)
    for (size_t bytes = 0; bytes < ROUND_BYTES; bytes += NODE_BYTES)
      memset(malloc(NODE_BYTES), 0xaa, NODE_BYTES);
}

static size_t intact(int number) {
  EXPECT_EQUAL(fh_heap_protect(heaps[number], FH_HEAP_READ_ONLY), 0);
  char **table = opaque_pointer((const void *)~hidden[number]);
  size_t count = 0;
  for (size_t i = 0; i < NODES; i++)
    count += pattern_holds(table[i], NODE_BYTES, i);
  return count;
}

int main(void) {
  for (int number = 0; number < 3; number++)
    build(number);
  clear_stack();
  make_garbage();
  EXPECT_EQUAL(intact(0), NODES);
  EXPECT_EQUAL(intact(1), NODES);
  EXPECT(intact(2) < NODES);
  puts("ok");
  return 0;
}
