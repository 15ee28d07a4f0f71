/* case: kind=heap-use-after-free access=read bytes=4 offset=0 object=8
 * A thread gets a job that its creator frees at once. */
#include "case.h"
#include <pthread.h>
#include <semaphore.h>

static sem_t freed;

static void *work(void *argument) {
  sem_wait(&freed);
  int value = *(volatile int *)argument; // BUG
  return (void *)(intptr_t)(value == 99);
}

int main(void) {
  pthread_t thread;
  sem_init(&freed, 0, 0);
  int *job = calloc(2, sizeof *job); // ALLOC
  pthread_create(&thread, NULL, work, opaque(job));
  if (BAD) {
    free(job); // FREE
  }
  sem_post(&freed);
  void *result;
  pthread_join(thread, &result);
  if (!BAD) {
    free(job);
  }
  printf("%d\n", result != NULL);
  return 0;
}
