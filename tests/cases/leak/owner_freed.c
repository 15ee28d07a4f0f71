/* case: kind=leak direct=30 count=1
 * The struct is freed, but not the name in it. */
#include "case.h"

struct user {
  char *name;
  int number;
};

static NOINLINE void use(void) {
  struct user *user = malloc(sizeof *user);
  user->name = malloc(30); // ALLOC
  strcpy(opaque(user->name), "somebody");
  user->number = 5;
  if (!BAD) {
    free(user->name);
  }
  free(opaque(user));
}

int main(void) {
  use();
  clear_stack();
  puts("done");
  return 0;
}
