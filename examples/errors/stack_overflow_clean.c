/* The clean twin of stack_overflow.c: the end can't be stepped over. */
#include <stdio.h>

static long sum_of_odds(long number) {
  if (number <= 0)
    return 0;
  return number + sum_of_odds(number - 2);
}

int main(void) {
  printf("%ld\n", sum_of_odds(9));
  return 0;
}
