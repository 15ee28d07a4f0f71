/* Prints what a stack costs; asserts nothing. */
#include "trace/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS = 1000000, DEPTH = 12 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static volatile size_t frames_seen;
static volatile stack_id last;

static __attribute__((noinline)) void walk(void) {
  uintptr_t frames[STACK_FRAMES_MOST];
  frames_seen = stack_unwind(STACK_HERE(), frames, STACK_FRAMES_MOST, NULL);
}
static __attribute__((noinline)) void store_full(void) {
  last = stack_store(STACK_HERE(), false);
}
static __attribute__((noinline)) void store_cheap(void) {
  last = stack_store(STACK_HERE(), true);
}

static __attribute__((noinline)) int deep(int depth, void (*function)(void), const char *name) {
  if (depth > 0)
    return deep(depth - 1, function, name) + 1;
  function();
  double start = now();
  for (int i = 0; i < CALLS; i++)
    function();
  double each = (now() - start) / CALLS;
  printf("%-12s %7.1f ns", name, each);
  if (function == walk)
    printf("  %5.1f ns a frame, %zu frames", each / (double)frames_seen, frames_seen);
  printf("\n");
  return 0;
}

int main(void) {
  stack_start();
  double start = now();
  walk();
  printf("%-12s %7.1f ns\n", "first", now() - start);
  deep(DEPTH - 3, walk, "walk");
  deep(DEPTH - 3, store_full, "store");
  deep(DEPTH - 3, store_cheap, "store, cheap");
  return 0;
}
