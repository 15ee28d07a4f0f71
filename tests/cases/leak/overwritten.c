/* case: kind=leak direct=72 count=1
 * A second name is set without giving the first back. */
#include "case.h"

static char *name;

static NOINLINE void set_name(int number) {
  if (!BAD) {
    free(name);
  }
  name = malloc(number == 1 ? 72 : 80); // ALLOC
  snprintf(name, 72, "name %d", number);
}

int main(void) {
  set_name(1);
  set_name(2);
  puts(name);
  free(name);
  name = NULL;
  return 0;
}
