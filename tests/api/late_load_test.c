/*
 * A program that runs on the C library's heap loads libfreehold.so late, as a plug-in that is linked with it would:
 * the twins serve from this heap, the program's own malloc stays where it is, and nothing is mixed up.
 *
 *   late_load_test LIBRARY
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *(*fh_malloc)(size_t);
static void (*fh_free)(void *);

static void fail(const char *what) {
  fprintf(stderr, "does not hold: %s\n", what);
  exit(1);
}

static void *use_both(void *argument) {
  (void)argument;
  for (int i = 0; i < 20000; i++) {
    char *theirs = malloc((size_t)(i % 500));
    char *ours = fh_malloc((size_t)(i % 700));
    if (!theirs || !ours)
      fail("both heaps serve");
    memset(ours, 1, (size_t)(i % 700));
    memset(theirs, 2, (size_t)(i % 500));
    free(theirs);
    fh_free(ours);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  char *before = strdup("allocated before the library came");
  for (int round = 0; round < 3; round++) {
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
      fail(dlerror());
    fh_malloc = (void *(*)(size_t))dlsym(library, "fh_malloc");
    fh_free = (void (*)(void *))dlsym(library, "fh_free");
    if (!fh_malloc || !fh_free)
      fail("the twins are there");
    use_both(NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
      if (pthread_create(&threads[i], NULL, use_both, NULL) != 0)
        fail("a thread starts");
    for (int i = 0; i < 4; i++)
      pthread_join(threads[i], NULL);
    /* It stays: its purge thread may be at work, and objects of it may be in use. */
    dlclose(library);
    char *after = fh_malloc(100);
    if (!after)
      fail("it serves after dlclose");
    fh_free(after);
  }
  free(before);
  puts("ok");
  return 0;
}
