/* case: kind=heap-use-after-free access=read bytes=8 offset=16 object=40
 * One thread frees what another still works with. */
#include "case.h"
#include <pthread.h>

static long *shared;

static void *finish(void *unused) {
  if (BAD) {
    free(shared); // FREE
  }
  return unused;
}

int main(void) {
  pthread_t thread;
  shared = calloc(5, sizeof *shared); // ALLOC
  volatile long *mine = opaque(shared);
  pthread_create(&thread, NULL, finish, NULL);
  pthread_join(thread, NULL);
  long value = mine[2]; // BUG
  if (!BAD) {
    free(shared);
  }
  printf("%d\n", value == 5);
  return 0;
}
