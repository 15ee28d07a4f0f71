/* double-free: the function frees its argument, and so does the caller. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_and_free(char *message) {
  puts(message);
  free(message);
}

int main(void) {
  char *message = strdup("given back twice");
  if (message == NULL)
    return 1;
  print_and_free(message);
  free(message); /* it was the function's to free */
  return 0;
}
