/* case: kind=none
 * Blocks that only a thread local, a thread's specific value or a register of a sleeping thread holds. */
#include "case.h"
#include <pthread.h>
#include <semaphore.h>

static __thread char *volatile mine;
static sem_t ready;
static pthread_key_t key;

static void *work(void *unused) {
  mine = strdup("thread's own");
  pthread_setspecific(key, strdup("by key"));
  char *volatile on_stack = strdup("on the stack");
  printf("%s\n", on_stack);
  fflush(stdout);
  sem_post(&ready);
  for (;;) {
    pause();
  }
  free(on_stack);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_key_create(&key, NULL);
  sem_init(&ready, 0, 0);
  mine = strdup("main's own");
  pthread_create(&thread, NULL, work, NULL);
  sem_wait(&ready);
  return 0;
}
