/*
 * Threads that allocate without pause fork again and again; each child must be able to allocate, to free what it
 * inherited, to start a thread, and to exit.
 *
 *   fork_storm_test [FORKS [THREADS]]
 */
#include "../api/expect.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { CHILD_STATUS = 43, INHERITED = 200 };

static int forks_left, forks_failed; /* atomic */
static void *inherited[INHERITED];

static size_t inherited_size(int number) {
  return (size_t)(number * number) + 1;
}

static void *allocate_a_little(void *argument) {
  (void)argument;
  for (int i = 0; i < 100; i++) {
    void *object = API(malloc)((size_t)i * 50);
    EXPECT(object);
    API(free)(object);
  }
  return NULL;
}

__attribute__((noreturn)) static void be_child(int number, void *parents_object, size_t size) {
  alarm(60); /* a child that hangs on a lock nobody holds any more must not hang the test */
  EXPECT(pattern_holds(parents_object, size, size));
  API(free)(parents_object);
  void *own[300];
  for (int i = 0; i < 300; i++) {
    own[i] = API(malloc)((size_t)(i * 37 % 3000));
    EXPECT(own[i]);
    pattern_fill(own[i], (size_t)(i * 37 % 3000), (uint64_t)i);
  }
  for (int i = number % 7; i < INHERITED; i += 7) {
    EXPECT(pattern_holds(inherited[i], inherited_size(i), (uint64_t)i));
    API(free)(inherited[i]);
  }
  void *large = API(calloc)(1, 300000);
  EXPECT(large);
  EXPECT(all_bytes_are(large, 0, 300000));
  API(free)(large);
  for (int i = 0; i < 300; i++) {
    EXPECT(pattern_holds(own[i], (size_t)(i * 37 % 3000), (uint64_t)i));
    API(free)(own[i]);
  }
  if (number % 16 == 0) {
    pthread_t thread;
    EXPECT_EQUAL(pthread_create(&thread, NULL, allocate_a_little, NULL), 0);
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  }
  if (number % 64 == 0) {
    pid_t grandchild = fork();
    EXPECT(grandchild >= 0);
    if (grandchild == 0) {
      allocate_a_little(NULL);
      _exit(CHILD_STATUS);
    }
    int status;
    EXPECT_EQUAL(waitpid(grandchild, &status, 0), grandchild);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_STATUS);
  }
  if (number % 128 == 1)
    (void)API(malloc_trim)(0);
  _exit(CHILD_STATUS);
}

static void *work(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument;
  enum { OWN = 300 };
  void *objects[OWN] = {0};
  size_t sizes[OWN];
  for (;;) {
    for (int i = 0; i < 300; i++) {
      size_t slot = random_next(&random) % OWN;
      if (objects[slot])
        EXPECT(pattern_holds(objects[slot], sizes[slot], sizes[slot]));
      API(free)(objects[slot]);
      sizes[slot] = random_next(&random) % 100 ? random_size(&random, 0, 12) : random_size(&random, 12, 19);
      objects[slot] = API(malloc)(sizes[slot]);
      EXPECT(objects[slot]);
      pattern_fill(objects[slot], sizes[slot], sizes[slot]);
    }
    int number = __atomic_sub_fetch(&forks_left, 1, __ATOMIC_RELAXED);
    if (number < 0)
      break;
    size_t slot = 0;
    while (!objects[slot])
      slot++;
    pid_t child = fork();
    if (child == 0)
      be_child(number, objects[slot], sizes[slot]);
    EXPECT(child > 0);
    int status;
    EXPECT_EQUAL(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_STATUS) {
      printf("FAIL: fork %d: status 0x%x\n", number, (unsigned)status);
      if (__atomic_add_fetch(&forks_failed, 1, __ATOMIC_RELAXED) > 10)
        _exit(1);
    }
  }
  for (int i = 0; i < OWN; i++)
    API(free)(objects[i]);
  return NULL;
}

int main(int argc, char **argv) {
  int forks = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;
  int threads = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 16;
  EXPECT(threads > 0 && threads <= 64);
  forks_left = forks;
  for (int i = 0; i < INHERITED; i++) {
    inherited[i] = API(malloc)(inherited_size(i));
    EXPECT(inherited[i]);
    pattern_fill(inherited[i], inherited_size(i), (uint64_t)i);
  }
  pthread_t workers[64];
  for (uintptr_t i = 0; i < (uintptr_t)threads; i++)
    EXPECT_EQUAL(pthread_create(&workers[i], NULL, work, (void *)(i + 1)), 0);
  for (int i = 0; i < threads; i++)
    EXPECT_EQUAL(pthread_join(workers[i], NULL), 0);
  printf("%d forks from %d threads, %d failed\n", forks, threads, forks_failed);
  return forks_failed != 0;
}
