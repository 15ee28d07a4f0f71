/*
 * Memory goes back: many threads fill the heap with objects of all sizes, free 95 % of them at random and do nothing
 * more. Within 5 seconds the process may hold no more than 1.2 times what is live, and 32 MiB.
 *
 *   return_mixed_test [alive|ended|cross [MEBIBYTES [THREADS]]]
 *
 * alive: the threads still exist, asleep. ended: they have ended. cross: they are asleep, and each freed what its
 * neighbour had allocated.
 */
#include "../api/expect.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

enum { THREADS_MOST = 64, SURVIVORS_PERCENT = 5, SECONDS_ALLOWED = 5, SLACK_KIB = 32 * 1024 };

struct object {
  unsigned char *memory;
  size_t size;
};

static struct worker {
  pthread_t thread;
  struct object *objects;
  size_t count, room;
  size_t live_bytes;
} workers[THREADS_MOST];
static int threads = 16;
static size_t bytes_per_thread;
static bool cross, ended;
static pthread_barrier_t all_filled, all_freed, test_over;

static void touch_pages(struct object *object, uint64_t seed) {
  for (size_t at = 0; at < object->size; at += 4096)
    object->memory[at] = pattern_byte(seed, at);
  object->memory[object->size - 1] = pattern_byte(seed, object->size - 1);
}

static void check_pages(const struct object *object, uint64_t seed) {
  for (size_t at = 0; at + 1 < object->size; at += 4096)
    EXPECT_EQUAL(object->memory[at], pattern_byte(seed, at));
  EXPECT_EQUAL(object->memory[object->size - 1], pattern_byte(seed, object->size - 1));
}

static void *work(void *argument) {
  struct worker *worker = argument;
  uint64_t random = (uint64_t)(worker - workers) + 2024;
  for (size_t total = 0; total < bytes_per_thread;) {
    EXPECT(worker->count < worker->room);
    struct object *object = &worker->objects[worker->count];
    object->size = random_size(&random, 4, 20);
    object->memory = API(malloc)(object->size);
    EXPECT(object->memory);
    touch_pages(object, worker->count);
    total += object->size;
    worker->count++;
  }
  pthread_barrier_wait(&all_filled);
  struct worker *from = cross ? &workers[(worker - workers + 1) % threads] : worker;
  /* A random order, not the order of addresses; the first ones of it survive. */
  uint32_t *order =
      mmap(NULL, from->count * sizeof *order, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(order != MAP_FAILED);
  for (size_t i = 0; i < from->count; i++)
    order[i] = (uint32_t)i;
  for (size_t i = from->count; i > 1; i--) {
    size_t other = random_next(&random) % i;
    uint32_t swap = order[i - 1];
    order[i - 1] = order[other];
    order[other] = swap;
  }
  size_t survivors = from->count * SURVIVORS_PERCENT / 100;
  for (size_t i = 0; i < from->count; i++) {
    struct object *object = &from->objects[order[i]];
    check_pages(object, order[i]);
    if (i < survivors) {
      worker->live_bytes += object->size;
      continue;
    }
    API(free)(object->memory);
    object->memory = NULL;
  }
  munmap(order, from->count * sizeof *order);
  pthread_barrier_wait(&all_freed);
  if (!ended)
    pthread_barrier_wait(&test_over);
  return NULL;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "alive";
  cross = strcmp(mode, "cross") == 0;
  ended = strcmp(mode, "ended") == 0;
  size_t total = (argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1024) << 20;
  if (argc > 3)
    threads = (int)strtol(argv[3], NULL, 10);
  EXPECT(threads > 0 && threads <= THREADS_MOST);
  bytes_per_thread = total / (size_t)threads;
  pthread_barrier_init(&all_filled, NULL, (unsigned)threads);
  pthread_barrier_init(&all_freed, NULL, (unsigned)threads + 1);
  pthread_barrier_init(&test_over, NULL, (unsigned)threads + 1);
  for (int i = 0; i < threads; i++) {
    /* The mean size is 90 KiB. */
    workers[i].room = bytes_per_thread / 20000 + 10000;
    workers[i].objects = mmap(NULL, workers[i].room * sizeof(struct object), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(workers[i].objects != MAP_FAILED);
  }
  for (int i = 0; i < threads; i++)
    EXPECT_EQUAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  pthread_barrier_wait(&all_freed);
  double start = seconds_now();
  if (ended)
    for (int i = 0; i < threads; i++)
      EXPECT_EQUAL(pthread_join(workers[i].thread, NULL), 0);
  size_t live_bytes = 0;
  for (int i = 0; i < threads; i++)
    live_bytes += workers[i].live_bytes;
  size_t live = live_bytes >> 10, bound = live + live / 5 + SLACK_KIB;
  size_t rss = status_kib("VmRSS:"), rss_at_first = rss;
  double reached = -1;
  for (;;) {
    double waited = seconds_now() - start;
    rss = status_kib("VmRSS:");
    if (rss <= bound && reached < 0)
      reached = waited;
    if (waited >= SECONDS_ALLOWED)
      break;
    usleep(20000);
  }
  printf("%s: filled %zu MiB with %d threads; live %zu KiB; RSS %zu KiB right after the frees, %zu KiB %d s later, "
         "bound %zu KiB, first met after %.2f s, peak %zu KiB\n",
         mode, total >> 20, threads, live, rss_at_first, rss, SECONDS_ALLOWED, bound, reached, status_kib("VmHWM:"));
  /* Survivors are as they were, and all can be freed. */
  for (int i = 0; i < threads; i++)
    for (size_t j = 0; j < workers[i].count; j++)
      if (workers[i].objects[j].memory) {
        check_pages(&workers[i].objects[j], j);
        API(free)(workers[i].objects[j].memory);
      }
  if (!ended) {
    pthread_barrier_wait(&test_over);
    for (int i = 0; i < threads; i++)
      EXPECT_EQUAL(pthread_join(workers[i].thread, NULL), 0);
  }
  if (rss > bound) {
    printf("FAIL: RSS %zu KiB is more than %zu KiB\n", rss, bound);
    return 1;
  }
  return 0;
}
