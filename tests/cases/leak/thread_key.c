/* case: kind=leak direct=90 count=1
 * A value of a thread's own without a destructor is lost when the thread ends. */
#include "case.h"
#include <pthread.h>

static pthread_key_t key;

static void *work(void *unused) {
  pthread_setspecific(key, calloc(1, 90)); // ALLOC
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_key_create(&key, BAD ? NULL : free);
  pthread_create(&thread, NULL, work, NULL);
  pthread_join(thread, NULL);
  puts("done");
  clear_stack();
  return 0;
}
