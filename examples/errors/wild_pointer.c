/* wild-pointer: a pointer that was never set. It holds whatever the stack held before: here, a number. */
#include <stdio.h>

static void remember_a_number(void) {
  long number = 123456789;
  printf("%ld\n", number);
}

static void store_the_answer(void) {
  int *answer; /* points nowhere: nothing was allocated, nothing was assigned */
  *answer = 42;
  printf("%d\n", *answer);
}

int main(void) {
  remember_a_number();
  store_the_answer();
  return 0;
}
