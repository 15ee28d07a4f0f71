/*
 * The heap is there before main and after it: constructors, atexit handlers, destructors, thread keys, libraries loaded
 * late and unloaded.
 *
 *   lifetime_test PLUGIN
 */
#include "expect.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static char *before_main;
static char *for_destructor;
static pthread_key_t key, second_key;

__attribute__((constructor(101))) static void earliest(void) {
  before_main = API(malloc)(1000);
  EXPECT(before_main);
  pattern_fill(before_main, 1000, 1);
  for (int i = 0; i < 1000; i++) {
    void *object = API(calloc)(1, (size_t)i * 10);
    EXPECT(object);
    API(free)(object);
  }
}

__attribute__((destructor)) static void latest(void) {
  EXPECT(pattern_holds(for_destructor, 3000000, 2));
  API(free)(for_destructor);
  void *object = API(malloc)(5000);
  EXPECT(object);
  API(free)(object);
}

static void at_exit(void) {
  char *object = API(realloc)(API(malloc)(100), 100000);
  EXPECT(object);
  memset(object, 1, 100000);
  API(free)(object);
  API(free)(before_main);
}

/* Runs while the thread ends; sets the key again once, so that it runs in a second round too (POSIX allows four). */
static void key_destructor(void *value) {
  char *object = value;
  EXPECT(pattern_holds(object, 500, 7));
  API(free)(object);
  for (int i = 0; i < 50; i++) {
    void *small = API(malloc)((size_t)i * 100);
    EXPECT(small);
    API(free)(small);
  }
  static __thread int rounds;
  if (++rounds < 3) {
    object = API(malloc)(500);
    EXPECT(object);
    pattern_fill(object, 500, 7);
    EXPECT_EQUAL(pthread_setspecific(second_key, object), 0);
  }
}

static void *left_behind[1000];

static void *short_thread(void *argument) {
  size_t self = (size_t)(uintptr_t)argument;
  char *object = API(malloc)(500);
  EXPECT(object);
  pattern_fill(object, 500, 7);
  EXPECT_EQUAL(pthread_setspecific(key, object), 0);
  left_behind[self] = API(malloc)(self * 20 + 1);
  EXPECT(left_behind[self]);
  pattern_fill(left_behind[self], self * 20 + 1, self);
  return NULL;
}

/* A thread whose only use of the heap is in its key's destructor. */
static void *idle_thread(void *argument) {
  EXPECT_EQUAL(pthread_setspecific(key, argument), 0);
  return NULL;
}

static void test_thread_keys(void) {
  EXPECT_EQUAL(pthread_key_create(&key, key_destructor), 0);
  EXPECT_EQUAL(pthread_key_create(&second_key, key_destructor), 0);
  for (uintptr_t i = 0; i < 1000; i++) {
    pthread_t thread;
    EXPECT_EQUAL(pthread_create(&thread, NULL, short_thread, (void *)i), 0);
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
    char *object = API(malloc)(500);
    EXPECT(object);
    pattern_fill(object, 500, 7);
    EXPECT_EQUAL(pthread_create(&thread, NULL, idle_thread, object), 0);
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  }
  for (size_t i = 0; i < 1000; i++) {
    EXPECT(pattern_holds(left_behind[i], i * 20 + 1, i));
    API(free)(left_behind[i]);
  }
}

static void *cancelled_thread(void *argument) {
  (void)argument;
  for (;;) {
    void *object = API(malloc)(100);
    API(free)(object);
    pthread_testcancel();
  }
  return NULL;
}

static void test_cancellation(void) {
  for (int i = 0; i < 200; i++) {
    pthread_t thread;
    EXPECT_EQUAL(pthread_create(&thread, NULL, cancelled_thread, NULL), 0);
    EXPECT_EQUAL(pthread_cancel(thread), 0);
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  }
}

static void test_plugin(const char *path) {
  for (int round = 0; round < 20; round++) {
    void *plugin = dlopen(path, RTLD_NOW);
    if (!plugin)
      fprintf(stderr, "%s\n", dlerror());
    EXPECT(plugin);
    char *(*make)(size_t) = (char *(*)(size_t))(uintptr_t)dlsym(plugin, "plugin_make");
    void (*take)(char *) = (void (*)(char *))(uintptr_t)dlsym(plugin, "plugin_take");
    EXPECT(make && take);
    char *from_plugin = make(1234);
    EXPECT(from_plugin);
    EXPECT(all_bytes_are(from_plugin, 'p', 1234));
    free(from_plugin);
    char *to_plugin = malloc(100);
    EXPECT(to_plugin);
    memset(to_plugin, 't', 100);
    take(to_plugin);
    EXPECT_EQUAL(dlclose(plugin), 0);
  }
}

/* A signal handler that does not allocate, over threads that do nothing else. */
static volatile sig_atomic_t alarms;
static void on_alarm(int number) {
  (void)number;
  alarms++;
}

static void test_signals(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  EXPECT_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
  pid_t parent = getpid();
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    for (int i = 0; i < 2000; i++) {
      kill(parent, SIGUSR1);
      usleep(100);
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0)
    for (int i = 0; i < 1000; i++) {
      void *object = API(malloc)((size_t)i * 30);
      EXPECT(object);
      object = API(realloc)(object, (size_t)i * 60 + 1);
      EXPECT(object);
      API(free)(object);
    }
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT(alarms > 0);
}

int main(int argc, char **argv) {
  EXPECT(pattern_holds(before_main, 1000, 1));
  for_destructor = API(malloc)(3000000);
  EXPECT(for_destructor);
  pattern_fill(for_destructor, 3000000, 2);
  EXPECT_EQUAL(atexit(at_exit), 0);
  test_thread_keys();
  test_cancellation();
  if (argc > 1)
    test_plugin(argv[1]);
  test_signals();
  puts("ok");
  return 0;
}
