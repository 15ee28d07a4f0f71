/*
 * Every allocation call, at random, on many threads, with every byte of every object checked.
 *
 *   random_calls_test [SECONDS [SEED [THREADS]]]
 *
 * An object's content is a function of its seed; it is verified before the object is resized or freed. Objects are
 * handed between threads through a shared table, so about a third of them is freed by another thread than the one that
 * allocated them. The seed is printed: with one thread a run can be repeated exactly.
 */
#include "../api/expect.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { THREADS_MOST = 64, OBJECTS_PER_THREAD = 600, EXCHANGE = 1024 };

struct object {
  void *memory; /* NULL: the entry is empty */
  size_t size;
  uint64_t seed;
};

/* Entries travel between threads as a whole, so that an object always has exactly one owner. */
static struct object entries[THREADS_MOST * OBJECTS_PER_THREAD + EXCHANGE];
static struct object *exchange[EXCHANGE]; /* atomic */
static int stop;                          /* atomic */
static uint64_t run_seed;
static uint64_t calls_made; /* atomic */

struct worker {
  pthread_t thread;
  uint64_t random;
  struct object *objects[OBJECTS_PER_THREAD];
  fh_heap *heap;
  void *heap_objects[100];
  size_t heap_sizes[100];
};
static struct worker workers[THREADS_MOST];

static size_t pick_size(uint64_t *random) {
  uint64_t word = random_next(random);
  if (word % 64 == 0)
    return 0;
  if (word % 512 == 1)
    return random_size(random, 18, 23);
  if (word % 16 == 2)
    return random_size(random, 12, 18);
  return random_size(random, 0, 11);
}

static void fill_object(struct object *object, void *memory, size_t size, uint64_t *random) {
  EXPECT(memory);
  EXPECT_ALIGNED(memory, 16);
  object->memory = memory;
  object->size = size;
  object->seed = random_next(random) ^ (uintptr_t)memory;
  pattern_fill(memory, size, object->seed);
}

static void verify(const struct object *object) {
  EXPECT(pattern_holds(object->memory, object->size, object->seed));
}

static void allocate(struct object *object, uint64_t *random) {
  size_t size = pick_size(random);
  void *memory = NULL;
  switch (random_next(random) % 12) {
  case 0:
    memory = API(calloc)(1, size);
    EXPECT(memory);
    EXPECT(all_bytes_are(memory, 0, size));
    break;
  case 1: {
    size_t count = 1 + random_next(random) % 8;
    size = size / count * count;
    memory = API(calloc)(count, size / count);
    EXPECT(memory);
    EXPECT(all_bytes_are(memory, 0, size));
    break;
  }
  case 2: {
    size_t alignment = (size_t)1 << (random_next(random) % 17);
    memory = API(aligned_alloc)(alignment, size);
    EXPECT_ALIGNED(memory, alignment);
    break;
  }
  case 3: {
    size_t alignment = (size_t)8 << (random_next(random) % 10);
    EXPECT_EQUAL(API(posix_memalign)(&memory, alignment, size), 0);
    EXPECT_ALIGNED(memory, alignment);
    break;
  }
  case 4:
    memory = random_next(random) % 8 ? API(memalign)(64, size) : API(valloc)(size);
    EXPECT_ALIGNED(memory, 64);
    break;
  case 5:
    memory = API(reallocarray)(NULL, size, 1);
    break;
  case 6:
    memory = API(realloc)(NULL, size);
    break;
  default:
    memory = API(malloc)(size);
  }
  fill_object(object, memory, size, random);
}

static void resize(struct object *object, uint64_t *random) {
  verify(object);
  size_t size = random_next(random) % 4 ? pick_size(random) : object->size + object->size / 2 + 1;
  if (size == 0 || size > (size_t)16 << 20)
    size = 1;
  void *memory =
      random_next(random) % 4 ? API(realloc)(object->memory, size) : API(reallocarray)(object->memory, 1, size);
  EXPECT(memory);
  EXPECT(pattern_holds(memory, size < object->size ? size : object->size, object->seed));
  fill_object(object, memory, size, random);
}

static void release(struct object *object, uint64_t *random) {
  verify(object);
  EXPECT(API(malloc_usable_size)(object->memory) >= object->size);
  errno = 17;
  switch (random_next(random) % 8) {
  case 0:
    API(free_sized)(object->memory, object->size);
    break;
  case 1:
    EXPECT(API(realloc)(object->memory, 0) == NULL);
    break;
  default:
    API(free)(object->memory);
  }
  EXPECT_EQUAL(errno, 17);
  object->memory = NULL;
}

static void use_own_heap(struct worker *worker) {
  uint64_t *random = &worker->random;
  if (!worker->heap) {
    struct fh_heap_options options = {.struct_bytes = sizeof options, .zeroed = random_next(random) % 2};
    worker->heap = fh_heap_create(&options);
    EXPECT(worker->heap);
  }
  size_t slot = random_next(random) % 100;
  if (worker->heap_objects[slot]) {
    EXPECT(pattern_holds(worker->heap_objects[slot], worker->heap_sizes[slot], slot));
    fh_heap_free(worker->heap, worker->heap_objects[slot]);
    worker->heap_objects[slot] = NULL;
  } else {
    worker->heap_sizes[slot] = pick_size(random);
    worker->heap_objects[slot] = fh_heap_malloc(worker->heap, worker->heap_sizes[slot]);
    EXPECT(worker->heap_objects[slot]);
    pattern_fill(worker->heap_objects[slot], worker->heap_sizes[slot], slot);
  }
  if (random_next(random) % 500 == 0) {
    fh_heap_destroy(worker->heap);
    worker->heap = NULL;
    memset(worker->heap_objects, 0, sizeof worker->heap_objects);
  }
}

static void rare_call(struct worker *worker) {
  switch (random_next(&worker->random) % 256) {
  case 0:
    (void)API(malloc_trim)(random_next(&worker->random) % 2 ? 0 : 1 << 20);
    break;
  case 1: {
    struct fh_heap_totals figures;
    if (worker->heap)
      EXPECT_EQUAL(fh_heap_statistics(worker->heap, &figures), 0);
    break;
  }
  case 2:
    errno = 0;
    EXPECT(API(malloc)(opaque_size(SIZE_MAX / 2)) == NULL && errno == ENOMEM);
    break;
  default:
    use_own_heap(worker);
  }
}

static void *work(void *argument) {
  struct worker *worker = argument;
  uint64_t *random = &worker->random;
  uint64_t calls = 0;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    for (int burst = 0; burst < 200; burst++, calls++) {
      struct object **slot = &worker->objects[random_next(random) % OBJECTS_PER_THREAD];
      uint64_t what = random_next(random) % 100;
      if (what < 3)
        rare_call(worker);
      else if (!(*slot)->memory)
        allocate(*slot, random);
      else if (what < 35)
        *slot = __atomic_exchange_n(&exchange[random_next(random) % EXCHANGE], *slot, __ATOMIC_ACQ_REL);
      else if (what < 50)
        resize(*slot, random);
      else
        release(*slot, random);
    }
  }
  for (int i = 0; i < OBJECTS_PER_THREAD; i++)
    if (worker->objects[i]->memory)
      release(worker->objects[i], random);
  fh_heap_destroy(worker->heap);
  __atomic_fetch_add(&calls_made, calls, __ATOMIC_RELAXED);
  return NULL;
}

int main(int argc, char **argv) {
  double seconds = argc > 1 ? strtod(argv[1], NULL) : 10;
  run_seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
  int threads = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 16;
  EXPECT(threads > 0 && threads <= THREADS_MOST);
  printf("seed %llu, %d threads, %g s\n", (unsigned long long)run_seed, threads, seconds);
  fflush(stdout);
  struct object *next = entries;
  for (int i = 0; i < EXCHANGE; i++)
    exchange[i] = next++;
  for (int i = 0; i < threads; i++) {
    workers[i].random = run_seed + (uint64_t)i * 1000003;
    for (int j = 0; j < OBJECTS_PER_THREAD; j++)
      workers[i].objects[j] = next++;
  }
  for (int i = 0; i < threads; i++)
    EXPECT_EQUAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&pause, NULL);
  __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < threads; i++)
    EXPECT_EQUAL(pthread_join(workers[i].thread, NULL), 0);
  uint64_t random = run_seed;
  for (int i = 0; i < EXCHANGE; i++)
    if (exchange[i]->memory)
      release(exchange[i], &random);
  printf("%llu calls, every object as it was left\n", (unsigned long long)calls_made);
  return 0;
}
