/* stack-overflow: the recursion misses its end, because it goes in steps of two and asks for zero. */
#include <stdio.h>

static long sum_of_odds(long number) {
  if (number == 0)
    return 0;
  return number + sum_of_odds(number - 2);
}

int main(void) {
  printf("%ld\n", sum_of_odds(9));
  return 0;
}
