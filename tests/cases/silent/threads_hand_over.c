/* case: kind=none
 * Objects made by one thread, filled by a second, freed by a third. */
#include "case.h"
#include <pthread.h>

enum { COUNT = 2000 };
static char *objects[COUNT];

static void *make(void *unused) {
  for (int i = 0; i < COUNT; i++) {
    objects[i] = malloc((size_t)i % 500 + 1);
  }
  return unused;
}
static void *fill(void *unused) {
  for (int i = 0; i < COUNT; i++) {
    memset(objects[i], i, (size_t)i % 500 + 1);
  }
  return unused;
}
static void *release(void *sum) {
  for (int i = 0; i < COUNT; i++) {
    *(long *)sum += objects[i][i % 500];
    free(objects[i]);
  }
  return sum;
}

int main(void) {
  void *(*const steps[])(void *) = {make, fill, release};
  long sum = 0;
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, steps[i], &sum);
    pthread_join(thread, NULL);
  }
  printf("%ld\n", sum);
  return 0;
}
