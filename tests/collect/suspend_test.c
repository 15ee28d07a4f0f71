/* GC_suspend_thread: the thread stands still, what it holds lives on through collections, and it goes on unharmed. */
#include "../api/expect.h"

#define GC_THREADS
#include "gc/gc.h"
#include "gc/javaxfc.h"

#include <pthread.h>

enum { THREADS = 3, BYTES = 400 };

static volatile unsigned long counts[THREADS];
static volatile int stop;

static __attribute__((noinline)) void check(char **kept, unsigned number) {
  for (unsigned i = 0; i < 8; i++)
    EXPECT(pattern_holds(kept[i], BYTES, number * 8 + i));
}

static void *work(void *argument) {
  unsigned number = (unsigned)(uintptr_t)argument;
  char *kept[8];
  for (unsigned i = 0; i < 8; i++)
    pattern_fill(kept[i] = GC_MALLOC(BYTES), BYTES, number * 8 + i);
  while (!stop) {
    counts[number]++;
    GC_MALLOC_ATOMIC(100);
  }
  check(kept, number);
  return NULL;
}

static void churn(void) {
  for (unsigned i = 0; i < 30000; i++)
    memset(GC_MALLOC(BYTES - i % 200), 0x11, BYTES - i % 200);
  GC_gcollect();
}

static void test_one(pthread_t *threads) {
  for (unsigned round = 0; round < 20; round++) {
    unsigned number = round % THREADS;
    EXPECT(!GC_is_thread_suspended(threads[number]));
    GC_suspend_thread(threads[number]);
    EXPECT(GC_is_thread_suspended(threads[number]));
    unsigned long before = counts[number];
    churn();
    EXPECT_EQUAL(counts[number], before);
    GC_suspend_thread(threads[number]); /* counts once */
    GC_resume_thread(threads[number]);
    EXPECT(!GC_is_thread_suspended(threads[number]));
    GC_resume_thread(threads[number]);
    while (counts[number] == before)
      usleep(100);
  }
}

static void test_all(pthread_t *threads) {
  unsigned long before[THREADS];
  for (unsigned i = 0; i < THREADS; i++)
    GC_suspend_thread(threads[i]);
  for (unsigned i = 0; i < THREADS; i++)
    before[i] = counts[i];
  churn();
  for (unsigned i = 0; i < THREADS; i++) {
    EXPECT_EQUAL(counts[i], before[i]);
    GC_resume_thread(threads[i]);
  }
}

static void *end_at_once(void *argument) {
  return argument;
}

int main(void) {
  pthread_t threads[THREADS], ended;
  GC_INIT();
  for (uintptr_t i = 0; i < THREADS; i++)
    EXPECT(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
  for (unsigned i = 0; i < THREADS; i++)
    while (counts[i] == 0)
      usleep(100);
  GC_word collections = GC_get_gc_no();
  test_one(threads);
  test_all(threads);
  EXPECT(GC_get_gc_no() >= collections + 20);
  GC_suspend_thread(pthread_self()); /* is not done: nobody could let it go on */
  EXPECT(!GC_is_thread_suspended(pthread_self()));
  /* One that has ended and is not joined. */
  EXPECT(pthread_create(&ended, NULL, end_at_once, NULL) == 0);
  usleep(1000);
  GC_suspend_thread(ended);
  EXPECT(GC_is_thread_suspended(ended));
  GC_resume_thread(ended);
  EXPECT(pthread_join(ended, NULL) == 0);
  stop = 1;
  for (unsigned i = 0; i < THREADS; i++)
    EXPECT(pthread_join(threads[i], NULL) == 0);
  return 0;
}
