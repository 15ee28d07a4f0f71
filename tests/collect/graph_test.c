/*
 * A program that never frees most of what it drops, run with the collector preloaded: threads build and tear up graphs
 * of objects of all sizes, and look at the contents of whatever they reach. What is alive must never be taken, and what
 * is not must be: memory stays bounded.
 *
 *   graph_test [THREADS] [SECONDS]
 */
#include "../api/expect.h"

#include <pthread.h>
#include <time.h>

enum { SLOTS = 1500, SHARED = 500, EDGES = 4, DEEP = 6 };

struct object {
  uint64_t seed;
  size_t bytes;
  struct object *to[EDGES];
  char content[];
};

static struct object *shared[SHARED]; /* lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t end; /* nanoseconds */

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The most memory this process ever had, in KiB. */
static size_t peak_kib(void) {
  char line[256];
  size_t kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  EXPECT(file != NULL);
  while (fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "VmHWM:", 6) == 0)
      kib = strtoul(line + 6, NULL, 10);
  fclose(file);
  return kib;
}

static struct object *make(uint64_t *random) {
  unsigned kind = (unsigned)(random_next(random) % 100);
  size_t most = kind < 80 ? 200 : kind < 97 ? 6000 : kind < 99 ? 60000 : 300000;
  size_t bytes = random_next(random) % most;
  struct object *object = malloc(sizeof *object + bytes);
  EXPECT(object != NULL);
  *object = (struct object){.seed = random_next(random) | 1, .bytes = bytes};
  pattern_fill(object->content, bytes, object->seed);
  return object;
}

static void look(const struct object *object, uint64_t *random) {
  for (unsigned depth = 0; object != NULL && depth < DEEP; depth++) {
    EXPECT((object->seed & 1) == 1 && pattern_holds(object->content, object->bytes, object->seed));
    object = object->to[random_next(random) % EDGES];
  }
}

static void share(struct object **slots, struct object *object, uint64_t *random) {
  pthread_mutex_lock(&lock);
  shared[random_next(random) % SHARED] = object;
  struct object *taken = shared[random_next(random) % SHARED];
  pthread_mutex_unlock(&lock);
  look(taken, random);
  slots[random_next(random) % SLOTS] = taken;
}

static void *run(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument * 0x9e3779b97f4a7c15u;
  struct object **slots = calloc(SLOTS, sizeof *slots); /* its address is on this stack alone */
  EXPECT(slots != NULL);
  for (unsigned round = 0; round % 64 != 0 || now() < end; round++) {
    struct object *object = make(&random);
    if (random_next(&random) % 20 != 0) /* else it ends a path, so that the graph does not only grow */
      for (unsigned i = 0; i < 2; i++)
        object->to[random_next(&random) % EDGES] = slots[random_next(&random) % SLOTS];
    slots[random_next(&random) % SLOTS] = object;
    look(slots[random_next(&random) % SLOTS], &random);
    switch (random_next(&random) % 64) {
    case 0:
      share(slots, object, &random);
      break;
    case 1:
      free(calloc(1, random_next(&random) % 100000)); /* not malloc: see below */
      break;
    case 2:
      /* What was there before is taken for references, also by the validator, but to objects that are younger than the
       * look at this one by the marking: those it rightly takes for dead. */
      object = realloc(make(&random), sizeof *object + 70000);
      if (object->bytes < 70000)
        memset(object->content + object->bytes, 0, 70000 - object->bytes);
      EXPECT(pattern_holds(object->content, object->bytes < 70000 ? object->bytes : 70000, object->seed));
      free(object);
      break;
    case 3: /* a third is dropped at once */
      if (random_next(&random) % 8 == 0)
        memset(slots + random_next(&random) % (SLOTS / 2), 0, SLOTS / 3 * sizeof *slots);
      break;
    default:
      break;
    }
  }
  return NULL;
}

int main(int count, char **arguments) {
  unsigned long threads = count > 1 ? strtoul(arguments[1], NULL, 10) : 4;
  end = now() + (count > 2 ? strtoul(arguments[2], NULL, 10) : 4) * 1000000000u;
  EXPECT(threads >= 1 && threads <= 64);
  for (unsigned long generation = 1; now() < end; generation++) {
    pthread_t ids[64];
    for (unsigned long i = 0; i < threads; i++)
      EXPECT(pthread_create(&ids[i], NULL, run, (void *)(generation * 100 + i)) == 0);
    for (unsigned long i = 0; i < threads; i++)
      EXPECT(pthread_join(ids[i], NULL) == 0);
  }
  size_t peak = peak_kib() >> 10;
  printf("peak %zu MiB\n", peak);
  EXPECT(peak < 200 * threads);
  return 0;
}
