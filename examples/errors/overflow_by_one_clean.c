/* The clean twin of overflow_by_one.c: the loop ends before the count. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  int *squares = malloc(10 * sizeof *squares);
  if (squares == NULL)
    return 1;
  for (int i = 0; i < 10; i++)
    squares[i] = i * i;
  printf("%d\n", squares[9]);
  free(squares);
  return 0;
}
