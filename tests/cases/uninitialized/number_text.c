/* case: kind=uninitialized-read object=16 call=strtol
 * A number is read from a field before the field was filled. */
#include "case.h"

int main(void) {
  char *field = malloc(16); // ALLOC
  field = opaque(field);
  field[8] = 0;
  if (!BAD) {
    strcpy(field, "17");
  }
  long number = strtol(field, NULL, 10); // BUG
  printf("%d\n", number == 1234);
  free(field);
  return 0;
}
