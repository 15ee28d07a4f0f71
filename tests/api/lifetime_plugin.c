/* A library that is loaded late: it allocates in its constructor and destructor, in thread-local storage, and hands
 * objects over in both directions. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) char *plugin_make(size_t size);
__attribute__((visibility("default"))) void plugin_take(char *object);

static void *own;
static __thread char thread_room[2000] = {1};

__attribute__((constructor)) static void loaded(void) {
  own = calloc(100, 100);
}
__attribute__((destructor)) static void unloaded(void) {
  free(own);
}

char *plugin_make(size_t size) {
  char *object = malloc(size);
  if (object)
    memset(object, 'p', size);
  thread_room[0]++;
  return object;
}

void plugin_take(char *object) {
  free(realloc(object, 10000));
}
