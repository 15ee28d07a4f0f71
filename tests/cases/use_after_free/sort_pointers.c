/* case: kind=heap-use-after-free access=read bytes=4 offset=0 object=4
 * One of the objects that an array points to was freed before the array is sorted. */
#include "case.h"

static int by_value(const void *left, const void *right) {
  const volatile int *a = *(int *const *)left, *b = *(int *const *)right;
  int x = *a, y = *b; // BUG
  return (x > y) - (x < y);
}

int main(void) {
  int *objects[6];
  for (int i = 0; i < 6; i++) {
    objects[i] = malloc(sizeof(int)); // ALLOC
    *objects[i] = 60 - i;
  }
  size_t count = BAD ? 6 : 5;
  free(objects[5]); // FREE
  qsort(objects, count, sizeof *objects, by_value);
  for (size_t i = 0; i < 6 && !BAD; i++) {
    if (i < 5) {
      free(objects[i]);
    }
  }
  puts("sorted");
  if (BAD) {
    _exit(0);
  }
  return 0;
}
