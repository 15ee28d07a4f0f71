/* case: kind=heap-buffer-underflow access=write bytes=4 offset=-4 object=16
 * A worker numbered from zero expects numbers from one. */
#include "case.h"
#include <pthread.h>

static int *done;

static void *work(void *number) {
  *(volatile int *)&done[(intptr_t)number - 1] = 1; // BUG
  return NULL;
}

int main(void) {
  pthread_t thread;
  done = calloc(4, sizeof *done); // ALLOC
  pthread_create(&thread, NULL, work, (void *)(intptr_t)(BAD ? 0 : 1));
  pthread_join(thread, NULL);
  printf("%d\n", done[1]);
  free(done);
  return 0;
}
