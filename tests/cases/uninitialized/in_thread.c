/* case: kind=uninitialized-read bytes=4 offset=4 object=16
 * A thread reads the part of its orders that was not written. */
#include "case.h"
#include <pthread.h>

static void *work(void *argument) {
  volatile int *orders = argument;
  if (orders[1] > 5) { // BUG
    return argument;
  }
  return NULL;
}

int main(void) {
  pthread_t thread;
  int *orders = malloc(16); // ALLOC
  orders[0] = 1;
  if (!BAD) {
    orders[1] = 2;
  }
  pthread_create(&thread, NULL, work, opaque(orders));
  void *more;
  pthread_join(thread, &more);
  puts(more != NULL ? "more" : "done");
  free(orders);
  return 0;
}
