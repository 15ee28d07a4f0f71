/* case: kind=stack-overflow
 * A thread's stack is smaller than the main one; this recursion needs more. */
#include "case.h"
#include <pthread.h>

static NOINLINE long walk(long level) {
  volatile char frame[512];                           // BUG
  frame[0] = 1;                                       // BUG
  return level == 0 ? 0 : walk(level - 1) + frame[0]; // BUG
}

static void *work(void *levels) {
  return (void *)walk((long)levels);
}

int main(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_create(&thread, &attributes, work, (void *)opaque_size(BAD ? 4000 : 100));
  void *result;
  pthread_join(thread, &result);
  printf("%ld\n", (long)result);
  return 0;
}
