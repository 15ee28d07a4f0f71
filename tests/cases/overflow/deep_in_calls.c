/* case: kind=heap-buffer-overflow access=write bytes=4 offset=48 object=48 build=-O2,-fno-omit-frame-pointer
 * The error is five calls deep, in a program with frame pointers. */
#include "case.h"

static NOINLINE void set(int *values, size_t at, int depth) {
  if (depth > 0) {
    set(values, at, depth - 1);
    __asm__ volatile("");
    return;
  }
  *(volatile int *)&values[at] = 9; // BUG
}

static NOINLINE int *make(size_t count) {
  int *values = calloc(count, sizeof *values); // ALLOC
  return opaque(values);
}

int main(void) {
  int *values = make(12);
  set(values, BAD ? 12 : 11, 5);
  printf("%d\n", values[0]);
  free(values);
  return 0;
}
