/* case: kind=heap-use-after-free access=read bytes=4 offset=0 object=48
 * Between the free and the use, twenty thousand others come and go. */
#include "case.h"

int main(void) {
  int *entry = calloc(12, sizeof *entry); // ALLOC
  volatile int *alias = opaque(entry);
  if (BAD) {
    free(entry); // FREE
  }
  for (int i = 0; i < 20000; i++) {
    char *passing = malloc(48);
    memset(passing, i, 48);
    free(opaque(passing));
  }
  int value = *alias; // BUG
  if (!BAD) {
    free(entry);
  }
  printf("%d\n", value == 99);
  return 0;
}
