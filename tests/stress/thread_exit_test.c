/*
 * Threads end one after the other, each leaving a few live objects spread over what it used: the rest must serve the
 * next thread, or go back.
 *
 *   thread_exit_test [ROUNDS]
 */
#include "../api/expect.h"

#include <pthread.h>

enum { OBJECTS = 10000, KEEP_EVERY = 100, ROUNDS_MOST = 10000 };
static void *kept[ROUNDS_MOST * (OBJECTS / KEEP_EVERY)];
static size_t kept_sizes[ROUNDS_MOST * (OBJECTS / KEEP_EVERY)];
static size_t kept_count, kept_bytes;

static void *live(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument;
  static void *objects[OBJECTS];
  static size_t sizes[OBJECTS];
  for (int i = 0; i < OBJECTS; i++) {
    sizes[i] = random_size(&random, 4, 12);
    objects[i] = API(malloc)(sizes[i]);
    EXPECT(objects[i]);
    pattern_fill(objects[i], sizes[i], sizes[i]);
  }
  for (int i = 0; i < OBJECTS; i++) {
    EXPECT(pattern_holds(objects[i], sizes[i], sizes[i]));
    if (i % KEEP_EVERY == 0) {
      kept[kept_count] = objects[i];
      kept_sizes[kept_count++] = sizes[i];
      kept_bytes += sizes[i];
    } else {
      API(free)(objects[i]);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 300;
  EXPECT(rounds <= ROUNDS_MOST);
  for (uintptr_t i = 0; i < rounds; i++) {
    pthread_t thread;
    EXPECT_EQUAL(pthread_create(&thread, NULL, live, (void *)(i + 1)), 0);
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  }
  size_t rss = status_kib("VmRSS:"), live_kib = kept_bytes >> 10;
  printf("%zu threads ended, one at a time; live %zu KiB, RSS %zu KiB\n", rounds, live_kib, rss);
  /* One thread's turnover is 10 MiB; if ended threads kept theirs this would be gigabytes. */
  EXPECT(rss < live_kib * 3 / 2 + 64 * 1024);
  for (size_t i = 0; i < kept_count; i++) {
    EXPECT(pattern_holds(kept[i], kept_sizes[i], kept_sizes[i]));
    API(free)(kept[i]);
  }
  return 0;
}
