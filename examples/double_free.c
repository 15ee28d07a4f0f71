/* An error: the same object is given back twice. Freehold says so and ends the program by SIGABRT. */
#include <stdlib.h>

int main(void) {
  char *volatile name = malloc(40);
  free(name);
  free(name);
  return 0;
}
