/* case: kind=double-free object=64
 * Two threads both think they are the last. */
#include "case.h"
#include <pthread.h>

static void *release(void *object) {
  free(object); // FREE
  return NULL;
}
static void *release_too(void *object) {
  if (BAD) {
    free(object); // BUG
  }
  return NULL;
}

int main(void) {
  pthread_t first, second;
  void *object = opaque(malloc(64)); // ALLOC
  pthread_create(&first, NULL, release, object);
  pthread_join(first, NULL);
  pthread_create(&second, NULL, release_too, object);
  pthread_join(second, NULL);
  puts("done");
  return 0;
}
