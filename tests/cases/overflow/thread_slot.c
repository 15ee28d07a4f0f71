/* case: kind=heap-buffer-overflow access=write bytes=8 offset=32 object=32
 * Threads number themselves from one and write behind the table of four. */
#include "case.h"
#include <pthread.h>

static long *results; // of four threads

static void *work(void *number) {
  long mine = (long)(intptr_t)number;
  *(volatile long *)&results[mine] = mine * 11; // BUG
  return NULL;
}

int main(void) {
  pthread_t threads[4];
  results = calloc(4, sizeof *results); // ALLOC
  for (long i = 0; i < 4; i++) {
    pthread_create(&threads[i], NULL, work, (void *)(intptr_t)(BAD ? i + 1 : i));
    pthread_join(threads[i], NULL);
  }
  printf("%ld\n", results[3]);
  free(results);
  return 0;
}
