/* case: kind=wild-pointer access=read bytes=4
 * A local variable of a thread whose stack is unmapped. */
#include "case.h"
#include <pthread.h>
#include <sys/mman.h>

static int *volatile kept;
static int fallback = 3;

static void *work(void *unused) {
  int local = 4;
  kept = opaque(BAD ? &local : &fallback);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  size_t bytes = 1 << 20;
  void *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, bytes);
  pthread_create(&thread, &attributes, work, NULL);
  pthread_join(thread, NULL);
  munmap(stack, bytes);
  printf("%d\n", *(volatile int *)kept); // BUG
  return 0;
}
