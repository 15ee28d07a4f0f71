/*
 * Thousands of threads that live briefly, allocate, and leave objects that others verify and free: what an ended
 * thread held must be usable by the next, and nothing may pile up.
 *
 *   thread_storm_test [THREADS]
 */
#include "../api/expect.h"

#include <pthread.h>

enum { SPAWNERS = 8, LEFT = 4096 };

struct left {
  size_t size;
  struct left *check; /* this object's own address */
};
static struct left *left_objects[LEFT]; /* atomic */
static int threads_left;                /* atomic */

static void leave_and_take(uint64_t *random) {
  size_t size =
      sizeof(struct left) + (random_next(random) % 200 ? random_size(random, 0, 11) : random_size(random, 14, 19));
  struct left *object = API(malloc)(size);
  EXPECT(object);
  pattern_fill(object, size, size);
  object->size = size;
  object->check = object;
  struct left *taken = __atomic_exchange_n(&left_objects[random_next(random) % LEFT], object, __ATOMIC_ACQ_REL);
  if (!taken)
    return;
  EXPECT(taken->check == taken);
  size_t at = sizeof *taken, taken_size = taken->size;
  for (; at < taken_size; at += 61)
    EXPECT_EQUAL(((unsigned char *)taken)[at], pattern_byte(taken_size, at));
  API(free)(taken);
}

static void *live_briefly(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument * 7919;
  for (int i = 0; i < 60; i++)
    leave_and_take(&random);
  void *own[20];
  for (int i = 0; i < 20; i++) {
    own[i] = API(calloc)(1, random_size(&random, 2, 13));
    EXPECT(own[i]);
  }
  for (int i = 0; i < 20; i++)
    API(free)(own[i]);
  return NULL;
}

static void *spawn(void *argument) {
  (void)argument;
  int number;
  while ((number = __atomic_sub_fetch(&threads_left, 1, __ATOMIC_RELAXED)) >= 0) {
    pthread_t thread;
    EXPECT_EQUAL(pthread_create(&thread, NULL, live_briefly, (void *)(uintptr_t)number), 0);
    if (number % 4 == 0)
      live_briefly((void *)(uintptr_t)(number + 1000000));
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  }
  return NULL;
}

static void run(int threads) {
  threads_left = threads;
  pthread_t spawners[SPAWNERS];
  for (int i = 0; i < SPAWNERS; i++)
    EXPECT_EQUAL(pthread_create(&spawners[i], NULL, spawn, NULL), 0);
  for (int i = 0; i < SPAWNERS; i++)
    EXPECT_EQUAL(pthread_join(spawners[i], NULL), 0);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 8000;
  run(threads / 4);
  size_t early = status_kib("VmRSS:");
  run(threads - threads / 4);
  size_t late = status_kib("VmRSS:");
  size_t live = 0;
  for (int i = 0; i < LEFT; i++)
    live += left_objects[i] ? left_objects[i]->size : 0;
  printf("%d threads; %zu KiB live; RSS %zu KiB after a quarter of them, %zu KiB after all\n", threads, live >> 10,
         early, late);
  /* The number of live objects is the same all along; sizes vary a little. A short run says nothing about growth. */
  EXPECT(threads < 4000 || late < early + early / 2 + 16 * 1024);
  for (int i = 0; i < LEFT; i++)
    API(free)(left_objects[i]);
  return 0;
}
