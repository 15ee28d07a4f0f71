/* What a program can say of its own heap: the figures that `freehold stat` prints from outside. */
#include <freehold.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  enum { COUNT = 1000 };
  static void *kept[COUNT];
  for (int i = 0; i < COUNT; i++)
    if ((kept[i] = malloc((size_t)i)) == NULL)
      return 1;
  if (fh_accounts_print(STDOUT_FILENO, FH_FORMAT_JSON) != 0) {
    perror("fh_accounts_print");
    return 1;
  }
  for (int i = 0; i < COUNT; i++)
    free(kept[i]);
  return 0;
}
