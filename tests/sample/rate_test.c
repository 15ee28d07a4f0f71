/*
 * Is every allocation picked with the same chance, whatever the program's pattern? Runs with FREEHOLD=sample=RATE; a
 * picked object is told by its usable size, which is exactly what was asked for, where a slot's is a multiple of 16.
 *
 *   rate_test RATE
 *
 * Each place that allocates must have been picked about as often as it should: with the numbers below a factor of 1.5 is
 * ten standard deviations away.
 */
#include "../api/expect.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROUNDS    200000u
#define PLACES    4
#define ODD_BYTES 40 /* not a size of a slot */

static unsigned rate;

struct place {
  unsigned allocations, picked;
};

static void *take(struct place *place, size_t size) {
  void *object = API(malloc)(size);
  EXPECT(object != NULL);
  memset(object, 1, size);
  place->allocations++;
  place->picked += API(malloc_usable_size)(object) == size;
  return object;
}

static void judge(const char *pattern, const struct place *place, size_t number) {
  double wanted = (double)place->allocations / rate;
  if ((double)place->picked < wanted / 1.5 || (double)place->picked > wanted * 1.5) {
    fprintf(stderr, "%s, place %zu: %u of %u were picked, %.0f should be\n", pattern, number, place->picked,
            place->allocations, wanted);
    exit(1);
  }
}

static void judge_all(const char *pattern, const struct place *places) {
  for (size_t i = 0; i < PLACES; i++)
    if (places[i].allocations != 0)
      judge(pattern, &places[i], i);
}

/* One slot, used again and again: no window is ever opened. */
static void pairs(void) {
  struct place places[PLACES] = {{0, 0}};
  for (unsigned i = 0; i < ROUNDS; i++)
    API(free)(take(&places[0], ODD_BYTES));
  judge_all("pairs", places);
}

/* Places that take turns in a fixed order, freed in the same order: the next allocation after a free is always the same. */
static void turns(void) {
  struct place places[PLACES] = {{0, 0}};
  void *objects[PLACES];
  for (unsigned i = 0; i < ROUNDS / 2; i++) {
    for (size_t j = 0; j < PLACES; j++)
      objects[j] = take(&places[j], ODD_BYTES);
    for (size_t j = 0; j < PLACES; j++)
      API(free)(objects[j]);
  }
  judge_all("turns", places);
}

/* Nothing is freed before the end, and a window is a multiple of the places: only windows decide. In batches, so that
 * there are guarded slots left. */
static void growth(void) {
  struct place places[PLACES] = {{0, 0}};
  enum { BATCH = 4096 };
  static void *objects[BATCH];
  for (unsigned done = 0; done < 2 * ROUNDS; done += BATCH) {
    for (unsigned i = 0; i < BATCH; i++)
      objects[i] = take(&places[i % PLACES], ODD_BYTES);
    for (unsigned i = 0; i < BATCH; i++)
      API(free)(objects[i]);
  }
  judge_all("growth", places);
}

/* A queue: what is freed lies far from the window. */
static void queue(void) {
  struct place places[PLACES] = {{0, 0}};
  enum { LENGTH = 1000 };
  static void *objects[LENGTH];
  for (unsigned i = 0; i < 2 * ROUNDS; i++) {
    API(free)(objects[i % LENGTH]);
    objects[i % LENGTH] = take(&places[0], ODD_BYTES);
  }
  for (unsigned i = 0; i < LENGTH; i++)
    API(free)(objects[i]);
  judge_all("queue", places);
}

/* Sizes that have no place on the fast path: of a page or so, and of spans of several slices. */
static void long_ones(void) {
  struct place places[PLACES] = {{0, 0}};
  for (unsigned i = 0; i < ROUNDS; i++) {
    API(free)(take(&places[0], 5000));
    API(free)(take(&places[1], 20000));
  }
  judge_all("long ones", places);
}

static atomic_uint threads_allocations, threads_picked;

static void *thread(void *unused) {
  struct place place = {0, 0};
  for (unsigned i = 0; i < ROUNDS / 4; i++)
    API(free)(take(&place, ODD_BYTES));
  atomic_fetch_add(&threads_allocations, place.allocations);
  atomic_fetch_add(&threads_picked, place.picked);
  return unused;
}

static void threads(void) {
  pthread_t all[4];
  for (size_t i = 0; i < 4; i++)
    EXPECT(pthread_create(&all[i], NULL, thread, NULL) == 0);
  for (size_t i = 0; i < 4; i++)
    EXPECT(pthread_join(all[i], NULL) == 0);
  const struct place place = {threads_allocations, threads_picked};
  judge("threads", &place, 0);
}

int main(int argc, char **argv) {
  if (argc < 2 || (rate = (unsigned)atoi(argv[1])) == 0)
    return 2;
  pairs();
  turns();
  growth();
  queue();
  long_ones();
  threads();
  return 0;
}
