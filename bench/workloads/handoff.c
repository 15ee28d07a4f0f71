/*
 * handoff: pairs of threads, one that makes messages and one that reads and frees them.
 *
 * Every free is of another thread's object. Messages travel in batches through a small ring, so that the lock of the
 * ring costs little beside the heap.
 */
#include "workload.h"

#include <pthread.h>
#include <stdlib.h>

enum { BATCH = 100, RING = 8, SMALLEST = 32, LARGEST = 480 };

struct message {
  uint32_t size;
  uint8_t body[];
};

struct batch {
  struct message *messages[BATCH];
};

/* batches[taken % RING .. put % RING) are full. All fields but `count` change under `lock`. */
struct ring {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch batches[RING];
  uint64_t put, taken;
  uint64_t count; /* batches in all, fixed before the threads start */
};

struct role {
  struct ring *ring;
  uint64_t random;
  int produces;
};

static void produce(struct role *role) {
  struct ring *ring = role->ring;
  for (uint64_t number = 0; number < ring->count; number++) {
    struct batch batch;
    for (unsigned i = 0; i < BATCH; i++) {
      uint32_t size = SMALLEST + (uint32_t)workload_random_below(&role->random, LARGEST - SMALLEST + 1);
      struct message *message = workload_take(sizeof *message + size);
      message->size = size;
      workload_mark(message->body, size, (uint8_t)size);
      batch.messages[i] = message;
    }
    pthread_mutex_lock(&ring->lock);
    while (ring->put - ring->taken == RING)
      pthread_cond_wait(&ring->changed, &ring->lock);
    ring->batches[ring->put++ % RING] = batch;
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
  }
}

static void consume(struct role *role) {
  struct ring *ring = role->ring;
  for (uint64_t number = 0; number < ring->count; number++) {
    pthread_mutex_lock(&ring->lock);
    while (ring->put == ring->taken)
      pthread_cond_wait(&ring->changed, &ring->lock);
    struct batch batch = ring->batches[ring->taken++ % RING];
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
    for (unsigned i = 0; i < BATCH; i++) {
      struct message *message = batch.messages[i];
      workload_check(message->body, message->size, (uint8_t)message->size);
      free(message);
    }
  }
}

static void *play(void *argument) {
  struct role *role = argument;
  if (role->produces)
    produce(role);
  else
    consume(role);
  return NULL;
}

static void run(uint64_t amount, unsigned threads) {
  unsigned pairs = threads < 2 ? 1 : threads / 2;
  struct ring *rings = calloc(pairs, sizeof *rings);
  struct role *roles = calloc(2 * (size_t)pairs, sizeof *roles);
  if (rings == NULL || roles == NULL)
    workload_fail("calloc returned NULL");
  for (unsigned i = 0; i < pairs; i++) {
    pthread_mutex_init(&rings[i].lock, NULL);
    pthread_cond_init(&rings[i].changed, NULL);
    rings[i].count = amount / pairs / BATCH;
    roles[2 * i] = (struct role){.ring = &rings[i], .random = i + 1, .produces = 1};
    roles[2 * i + 1] = (struct role){.ring = &rings[i], .random = i + 1, .produces = 0};
  }
  workload_on_threads(2 * pairs, play, roles, sizeof *roles);
  free(roles);
  free(rings);
}

const struct workload workload = {.amount = 6000000, .threads = 4, .run = run};
