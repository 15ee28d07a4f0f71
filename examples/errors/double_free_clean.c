/* The clean twin of double_free.c: one owner, one free. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_and_free(char *message) {
  puts(message);
  free(message);
}

int main(void) {
  char *message = strdup("given back once");
  if (message == NULL)
    return 1;
  print_and_free(message);
  message = NULL;
  return 0;
}
