/*
 * server: threads that replace random objects of a set, and hand the set to a new thread when they end.
 *
 * After Larson and Krishnan, "Memory Allocation for Long-Running Server Applications" (ISMM 1998): objects outlive the
 * thread that made them, so every thread frees what its predecessor allocated.
 */
#include "workload.h"

#include <stdlib.h>

enum { SLOTS = 4000, SMALLEST = 16, LARGEST = 512, GENERATIONS = 20 };

struct held {
  void *object;
  uint32_t size;
};

struct session {
  struct held slots[SLOTS];
  uint64_t random;
  uint64_t requests;
};

static void *session_serve(void *argument) {
  struct session *session = argument;
  for (uint64_t i = 0; i < session->requests; i++) {
    struct held *held = &session->slots[workload_random_below(&session->random, SLOTS)];
    if (held->object != NULL) {
      workload_check(held->object, held->size, (uint8_t)held->size);
      free(held->object);
    }
    held->size = SMALLEST + (uint32_t)workload_random_below(&session->random, LARGEST - SMALLEST + 1);
    held->object = workload_take(held->size);
    workload_mark(held->object, held->size, (uint8_t)held->size);
  }
  return NULL;
}

static void run(uint64_t amount, unsigned threads) {
  struct session *sessions = calloc(threads, sizeof *sessions);
  if (sessions == NULL)
    workload_fail("calloc returned NULL");
  for (unsigned i = 0; i < threads; i++) {
    sessions[i].random = i + 1;
    sessions[i].requests = amount / threads / GENERATIONS;
  }
  for (unsigned generation = 0; generation < GENERATIONS; generation++)
    workload_on_threads(threads, session_serve, sessions, sizeof *sessions);
  for (unsigned i = 0; i < threads; i++)
    for (unsigned slot = 0; slot < SLOTS; slot++)
      free(sessions[i].slots[slot].object);
  free(sessions);
}

const struct workload workload = {.amount = 16000000, .threads = 4, .run = run};
