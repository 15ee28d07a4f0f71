/* case: kind=heap-use-after-free access=read bytes=4 offset=8 object=24 variants=-O0,-O2 build=-fno-optimize-sibling-calls
 * A session is asked for its number after it was closed. */
#include "case.h"

struct session {
  void *next;
  int number;
  double age;
};

static NOINLINE void session_close(struct session *session) {
  free(session); // FREE
}

int main(void) {
  struct session *session = calloc(1, sizeof *session); // ALLOC
  session->number = 12;
  int number = session->number;
  if (BAD) {
    session_close(session);
    number = *(volatile int *)&((struct session *)opaque(session))->number; // BUG
  } else {
    session_close(session);
  }
  printf("%d\n", number != 13);
  return 0;
}
