/*
 * Producers allocate and only allocate, consumers free and only free: every free is one of another thread's object.
 *
 *   producer_consumer_test [SECONDS]
 */
#include "../api/expect.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { PAIRS = 4, RING = 4096 };

/* One producer, one consumer. */
static struct ring {
  void *slots[RING];
  size_t sizes[RING];
  size_t written __attribute__((aligned(64))); /* producer; release */
  size_t taken __attribute__((aligned(64)));   /* consumer; release */
} rings[PAIRS];
static int stop; /* atomic */

static void *produce(void *argument) {
  struct ring *ring = argument;
  uint64_t random = (uint64_t)(ring - rings) + 99;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    size_t at = ring->written;
    if (at - __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) == RING) {
      sched_yield();
      continue;
    }
    size_t size = random_next(&random) % 1000 ? random_size(&random, 3, 11) : random_size(&random, 15, 20);
    void *object = API(malloc)(size);
    EXPECT(object);
    pattern_fill(object, size, at);
    ring->slots[at % RING] = object;
    ring->sizes[at % RING] = size;
    __atomic_store_n(&ring->written, at + 1, __ATOMIC_RELEASE);
  }
  return NULL;
}

static void *consume(void *argument) {
  struct ring *ring = argument;
  for (;;) {
    bool last = __atomic_load_n(&stop, __ATOMIC_ACQUIRE) == 2;
    size_t at = ring->taken;
    if (at == __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE)) {
      if (last)
        return NULL;
      sched_yield();
      continue;
    }
    EXPECT(pattern_holds(ring->slots[at % RING], ring->sizes[at % RING], at));
    API(free)(ring->slots[at % RING]);
    __atomic_store_n(&ring->taken, at + 1, __ATOMIC_RELEASE);
  }
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? strtod(argv[1], NULL) : 4;
  pthread_t producers[PAIRS], consumers[PAIRS];
  for (int i = 0; i < PAIRS; i++) {
    EXPECT_EQUAL(pthread_create(&producers[i], NULL, produce, &rings[i]), 0);
    EXPECT_EQUAL(pthread_create(&consumers[i], NULL, consume, &rings[i]), 0);
  }
  usleep((useconds_t)(seconds / 4 * 1e6));
  size_t early = status_kib("VmRSS:");
  usleep((useconds_t)(seconds * 3 / 4 * 1e6));
  size_t late = status_kib("VmRSS:");
  __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
  for (int i = 0; i < PAIRS; i++)
    EXPECT_EQUAL(pthread_join(producers[i], NULL), 0);
  __atomic_store_n(&stop, 2, __ATOMIC_RELEASE);
  size_t total = 0;
  for (int i = 0; i < PAIRS; i++) {
    EXPECT_EQUAL(pthread_join(consumers[i], NULL), 0);
    total += rings[i].taken;
  }
  printf("%zu objects; RSS %zu KiB after a quarter of the time, %zu KiB at the end\n", total, early, late);
  /* What is live is bounded by the rings; what is held must not grow without end either. */
  EXPECT(late < early * 2 + 64 * 1024);
  return 0;
}
