/* case: kind=double-free object=56
 * Twenty thousand objects come and go between the two frees. */
#include "case.h"

int main(void) {
  char *entry = malloc(56); // ALLOC
  char *alias = opaque(entry);
  free(entry); // FREE
  for (int i = 0; i < 20000; i++) {
    free(opaque(malloc(56)));
  }
  if (BAD) {
    free(alias); // BUG
  }
  puts("done");
  return 0;
}
