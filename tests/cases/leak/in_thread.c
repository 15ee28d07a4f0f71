/* case: kind=leak direct=500 count=1
 * A thread ends and takes the only pointer with it. */
#include "case.h"
#include <pthread.h>

static void *work(void *unused) {
  char *buffer = malloc(500); // ALLOC
  memset(opaque(buffer), 1, 500);
  if (!BAD) {
    free(buffer);
  }
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  pthread_join(thread, NULL);
  puts("done");
  clear_stack();
  return 0;
}
