/*
 * The collector's workloads, written to gc.h alone, so that one binary runs on any library of that interface.
 *
 *   workloads gcbench | binary-trees DEPTH | list NODES | gcbench-threads THREADS | allocate THREADS COUNT |
 *             free THREADS COUNT | pauses MIB | rewire MIB stop|incremental
 *
 * The last line of the output is "NAME=VALUE ...": collections, and for pauses, in microseconds, the slowest allocations.
 * For rewire: the time of the work, each single allocation's, and by how much a thread that does nothing but sleep for a
 * millisecond comes late, in nanoseconds.
 */
#define GC_THREADS
#include "gc.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct node {
  struct node *left, *right;
  int i, j;
};

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct node *make_node(void) {
  struct node *node = GC_MALLOC(sizeof *node);
  if (node == NULL)
    abort();
  return node;
}

static void populate(int depth, struct node *node) {
  if (depth <= 0)
    return;
  node->left = make_node();
  node->right = make_node();
  populate(depth - 1, node->left);
  populate(depth - 1, node->right);
}

static struct node *make_tree(int depth) {
  struct node *node = make_node();
  if (depth > 0) {
    node->left = make_tree(depth - 1);
    node->right = make_tree(depth - 1);
  }
  return node;
}

static long count_nodes(const struct node *node) {
  return node->left == NULL ? 1 : 1 + count_nodes(node->left) + count_nodes(node->right);
}

/* With the published parameters (Ellis, Kovac, Boehm: GCBench). */
enum { STRETCH_DEPTH = 18, LONG_LIVED_DEPTH = 16, ARRAY_SIZE = 500000, LEAST_DEPTH = 4, MOST_DEPTH = 16 };

static void *gcbench(void *unused) {
  make_tree(STRETCH_DEPTH);
  struct node *long_lived = make_node();
  populate(LONG_LIVED_DEPTH, long_lived);
  double *array = GC_MALLOC_ATOMIC(ARRAY_SIZE * sizeof *array);
  for (int i = 0; i < ARRAY_SIZE / 2; i++)
    array[i] = 1.0 / (i + 1);
  for (int depth = LEAST_DEPTH; depth <= MOST_DEPTH; depth += 2) {
    long rounds = 2 * ((1L << (STRETCH_DEPTH + 1)) - 1) / ((1L << (depth + 1)) - 1);
    for (long i = 0; i < rounds; i++)
      populate(depth, make_node());
    for (long i = 0; i < rounds; i++)
      make_tree(depth);
  }
  if (count_nodes(long_lived) != (1L << (LONG_LIVED_DEPTH + 1)) - 1 || array[1000] != 1.0 / 1001)
    abort();
  return unused;
}

static void binary_trees(int depth) {
  long sum = count_nodes(make_tree(depth + 1));
  struct node *long_lived = make_tree(depth);
  for (int d = LEAST_DEPTH; d <= depth; d += 4)
    for (long i = 0; i < 1L << (depth - d + LEAST_DEPTH); i++)
      sum += count_nodes(make_tree(d));
  printf("%ld %ld\n", sum, count_nodes(long_lived));
}

static void list(long length) {
  struct node *first = NULL;
  for (long i = 0; i < length; i++) {
    struct node *node = make_node();
    node->left = first;
    first = node;
  }
  long count = 0;
  for (const struct node *node = first; node != NULL; node = node->left)
    count++;
  printf("%ld\n", count);
}

static long rounds_of_thread;

static void *allocate(void *argument) {
  void *kept[64] = {NULL};
  uint32_t random = (uint32_t)(uintptr_t)argument;
  for (long i = 0; i < rounds_of_thread; i++) {
    random = random * 1103515245u + 12345u;
    char *object = GC_MALLOC(400 + (random >> 8) % 1649);
    object[0] = 1;
    kept[random >> 20 & 63] = object;
  }
  return kept[0] != NULL ? argument : NULL;
}

static void *allocate_and_free(void *argument) {
  uint32_t random = (uint32_t)(uintptr_t)argument;
  for (long i = 0; i < rounds_of_thread; i++) {
    random = random * 1103515245u + 12345u;
    char *object = GC_MALLOC(16 + (random >> 8) % 500);
    object[0] = 1;
    GC_FREE(object);
  }
  return argument;
}

static void in_threads(void *(*run)(void *), long threads) {
  pthread_t ids[64];
  for (long i = 0; i < threads; i++)
    if (pthread_create(&ids[i], NULL, run, (void *)(i + 1)) != 0)
      abort();
  for (long i = 0; i < threads; i++)
    pthread_join(ids[i], NULL);
}

static int compare(const void *one, const void *other) {
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
  return a < b ? -1 : a > b;
}

/* So much live in trees of which one after the other is replaced; each allocation is timed. */
static void pauses(long mib) {
  enum { TREE_DEPTH = 12, REPLACED = 2000 };
  size_t trees = (size_t)mib * 1024 * 1024 / (sizeof(struct node) << (TREE_DEPTH + 1));
  struct node **forest = GC_MALLOC(trees * sizeof(void *));
  size_t sample_count = 0, samples_most = 200000;
  uint64_t *samples = malloc(samples_most * sizeof *samples);
  for (size_t i = 0; i < trees; i++)
    forest[i] = make_tree(TREE_DEPTH);
  uint32_t random = 1;
  for (size_t i = 0; i < REPLACED; i++) {
    random = random * 1103515245u + 12345u;
    uint64_t began = now();
    forest[(random >> 8) % trees] = make_tree(TREE_DEPTH);
    samples[sample_count++ % samples_most] = now() - began;
  }
  qsort(samples, sample_count, sizeof *samples, compare);
  printf("p50=%lu p99=%lu most=%lu ", (unsigned long)samples[sample_count / 2] / 1000,
         (unsigned long)samples[sample_count * 99 / 100] / 1000, (unsigned long)samples[sample_count - 1] / 1000);
}

/* Times by their size: 16 steps for each doubling. */
enum { STEPS = 16, BUCKETS = 64 * STEPS };
struct times {
  uint64_t buckets[BUCKETS], count, most;
};

static void note(struct times *times, uint64_t nanoseconds) {
  unsigned doubling = nanoseconds < STEPS ? 0 : 59 - (unsigned)__builtin_clzll(nanoseconds);
  times->buckets[doubling * STEPS + (nanoseconds >> doubling)]++;
  times->count++;
  if (nanoseconds > times->most)
    times->most = nanoseconds;
}

static unsigned long share(const struct times *times, double part) {
  uint64_t seen = 0;
  for (unsigned i = 0; i < BUCKETS; i++)
    if ((double)(seen += times->buckets[i]) >= part * (double)times->count)
      return i < 2 * STEPS ? i : (unsigned long)(i % STEPS + STEPS) << (i / STEPS - 1);
  return times->most;
}

static volatile bool beating = true;
static struct times beats;

static void *beat(void *argument) {
  struct timespec pause = {0, 1000000};
  while (beating) {
    uint64_t began = now();
    nanosleep(&pause, NULL);
    uint64_t late = now() - began - 1000000;
    note(&beats, late);
  }
  return argument;
}

struct leaf {
  struct leaf *left, *right, *other;
  long payload[5];
};
static struct times allocations;
static bool timed;

static struct leaf *make_leaf(void) {
  uint64_t began = timed ? now() : 0;
  struct leaf *leaf = GC_MALLOC(sizeof *leaf);
  if (timed)
    note(&allocations, now() - began);
  if (leaf == NULL)
    abort();
  return leaf;
}

static struct leaf *make_bush(int depth) {
  struct leaf *leaf = make_leaf();
  if (depth > 0) {
    leaf->left = make_bush(depth - 1);
    leaf->right = make_bush(depth - 1);
  }
  return leaf;
}

static struct leaf *wander(struct leaf *leaf, uint32_t way) {
  for (struct leaf *next = leaf; next != NULL; next = way & 1 ? next->left : next->right, way >>= 1)
    leaf = next;
  return leaf;
}

/* So much live, in bushes that are replaced one after the other, and whose leaves, of the first ones, are made to point elsewhere. */
static void rewire(long mib, bool incremental) {
  enum {
    HOT = 512,
    BUSH_DEPTH = 8,
    BUSH_BYTES = sizeof(struct leaf) * ((1 << (BUSH_DEPTH + 1)) - 1),
    WORK_LEAST_MIB = 2048
  };
  if (incremental)
    GC_enable_incremental();
  size_t bushes = (size_t)mib * 1024 * 1024 / BUSH_BYTES;
  struct leaf **forest = GC_MALLOC(bushes * sizeof *forest);
  for (size_t i = 0; i < bushes; i++)
    forest[i] = make_bush(BUSH_DEPTH);
  size_t rounds = (size_t)(2 * mib > WORK_LEAST_MIB ? 2 * mib : WORK_LEAST_MIB) * 1024 * 1024 / BUSH_BYTES;
  pthread_t heart;
  if (pthread_create(&heart, NULL, beat, NULL) != 0)
    abort();
  timed = true;
  uint32_t random = 1;
  uint64_t began = now();
  for (size_t i = 0; i < rounds; i++) {
    random = random * 1103515245u + 12345u;
    struct leaf *bush = make_bush(BUSH_DEPTH);
    forest[(random >> 4) % bushes] = bush;
    for (unsigned j = 0; j < 16; j++) {
      random = random * 1103515245u + 12345u;
      struct leaf *one = wander(forest[(random >> 4) % HOT], random >> 16);
      one->other = wander(bush, random >> 8);
      one->payload[0]++;
    }
  }
  uint64_t lasted = now() - began;
  beating = false;
  pthread_join(heart, NULL);
  printf("milliseconds=%lu p99=%lu p999=%lu most=%lu beat_p99=%lu beat_most=%lu incremental=%d ",
         (unsigned long)(lasted / 1000000), share(&allocations, 0.99), share(&allocations, 0.999),
         (unsigned long)allocations.most, share(&beats, 0.99), (unsigned long)beats.most, GC_is_incremental_mode());
}

static unsigned long peak_kib(void) {
  char line[256];
  unsigned long kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "VmHWM:", 6) == 0)
      kib = strtoul(line + 6, NULL, 10);
  return kib;
}

int main(int count, char **arguments) {
  GC_INIT();
  const char *what = count > 1 ? arguments[1] : "";
  long first = count > 2 ? atol(arguments[2]) : 0;
  rounds_of_thread = count > 3 ? atol(arguments[3]) : 0;
  if (strcmp(what, "gcbench") == 0)
    gcbench(NULL);
  else if (strcmp(what, "gcbench-threads") == 0)
    in_threads(gcbench, first);
  else if (strcmp(what, "binary-trees") == 0)
    binary_trees((int)first);
  else if (strcmp(what, "list") == 0)
    list(first);
  else if (strcmp(what, "allocate") == 0)
    in_threads(allocate, first);
  else if (strcmp(what, "free") == 0)
    in_threads(allocate_and_free, first);
  else if (strcmp(what, "pauses") == 0)
    pauses(first);
  else if (strcmp(what, "rewire") == 0)
    rewire(first, count > 3 && strcmp(arguments[3], "incremental") == 0);
  else
    return 2;
  printf("collections=%lu kib=%lu\n", (unsigned long)GC_get_gc_no(), peak_kib());
  return 0;
}
