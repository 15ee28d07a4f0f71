/* heap-buffer-overflow: the loop runs one step too far and writes behind the array. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  int *squares = malloc(10 * sizeof *squares);
  if (squares == NULL)
    return 1;
  for (int i = 0; i <= 10; i++) /* ten elements: the last is number 9 */
    squares[i] = i * i;
  printf("%d\n", squares[9]);
  free(squares);
  return 0;
}
