/* The clean twin of uninitialized_array.c: calloc gives zeros. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  int *votes = calloc(5, sizeof *votes);
  if (votes == NULL)
    return 1;
  int total = 0;
  for (int i = 0; i < 5; i++)
    total += votes[i];
  printf("%s\n", total > 0 ? "there are votes" : "no votes yet");
  free(votes);
  return 0;
}
