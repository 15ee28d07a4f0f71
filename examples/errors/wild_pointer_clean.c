/* The clean twin of wild_pointer.c: the pointer gets memory to point to, and gives it back. */
#include <stdio.h>
#include <stdlib.h>

static void remember_a_number(void) {
  long number = 123456789;
  printf("%ld\n", number);
}

static void store_the_answer(void) {
  int *answer = malloc(sizeof *answer);
  if (answer == NULL)
    return;
  *answer = 42;
  printf("%d\n", *answer);
  free(answer);
}

int main(void) {
  remember_a_number();
  store_the_answer();
  return 0;
}
