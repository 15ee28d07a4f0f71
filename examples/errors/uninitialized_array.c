/* uninitialized-read: numbers are added up that nobody has written. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  int *votes = malloc(5 * sizeof *votes); /* malloc gives memory, not zeros */
  if (votes == NULL)
    return 1;
  int total = 0;
  for (int i = 0; i < 5; i++)
    total += votes[i];
  printf("%s\n", total > 0 ? "there are votes" : "no votes yet");
  free(votes);
  return 0;
}
