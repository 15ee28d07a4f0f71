/* case: kind=null-pointer access=read bytes=4
 * A thread is started without what it works on. */
#include "case.h"
#include <pthread.h>

static void *work(void *argument) {
  int value = *(volatile int *)argument; // BUG
  return value == 9 ? argument : NULL;
}

int main(void) {
  pthread_t thread;
  int number = 1;
  pthread_create(&thread, NULL, work, BAD ? NULL : &number);
  pthread_join(thread, NULL);
  puts("done");
  return 0;
}
