/* case: kind=uninitialized-read bytes=4 offset=0 object=12
 * A message without a kind is dispatched. */
#include "case.h"

struct message {
  int kind, from, to;
};

static NOINLINE const char *describe(const volatile struct message *message) {
  switch (message->kind) { // BUG
  case 1:
    return "hello";
  case 2:
    return "bye";
  default:
    return "other";
  }
}

int main(void) {
  struct message *message = malloc(sizeof *message); // ALLOC
  message->from = 1;
  message->to = 2;
  if (!BAD) {
    message->kind = 2;
  }
  puts(describe(opaque(message)));
  free(message);
  return 0;
}
