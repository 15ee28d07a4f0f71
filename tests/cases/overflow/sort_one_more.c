/* case: kind=heap-buffer-overflow access=read object=36
 * qsort is told one element more than there are. */
#include "case.h"

static int compare(const void *left, const void *right) {
  int a = *(const volatile int *)left, b = *(const volatile int *)right; // BUG
  return (a > b) - (a < b);
}

int main(void) {
  int *numbers = malloc(9 * sizeof *numbers); // ALLOC
  for (int i = 0; i < 9; i++) {
    numbers[i] = 100 - i * 7 % 9;
  }
  qsort(opaque(numbers), BAD ? 10 : 9, sizeof *numbers, compare); // BUG
  printf("%d\n", numbers[8] > 0);
  free(numbers);
  return 0;
}
