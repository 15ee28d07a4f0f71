/*
 * The accounts add up: a program that knows exactly what it holds compares that with fh_accounts_print, at rest and
 * after threads have allocated, freed each other's objects and ended. The equations are those of record/accounts.h.
 */
#include "../api/figures.h"
#include "../../record/accounts.h"

#include <pthread.h>

enum { OBJECTS = 20000, THREADS = 8 };
static void *objects[THREADS][OBJECTS];
static struct figures figures;

static void check_equations(void) {
  figures_take(&figures);
  uint64_t live = figures_total(&figures, "live_bytes"), held = figures_total(&figures, "held_back_bytes");
  EXPECT_EQUAL(figures_total(&figures, "heap_bytes"), live + held);
  EXPECT_EQUAL(held, figures_total(&figures, "free_slot_bytes") + figures_total(&figures, "tail_bytes") +
                         figures_total(&figures, "free_slice_bytes"));
  EXPECT(figures_total(&figures, "peak_heap_bytes") >= live);
  EXPECT(figures_total(&figures, "rss_bytes") > 0);
  EXPECT_EQUAL(figures_total(&figures, "pid"), getpid());
  uint64_t objects_sum = 0, bytes_sum = 0, allocated_sum = 0, freed_sum = 0;
  int classes = 0;
  const char *at = strstr(figures.text, "\"classes\":");
  EXPECT(at);
  const char *large = strstr(at, "\"large\":");
  EXPECT(large);
  for (at = strchr(at, '{'); at && at < large; at = strchr(at + 1, '{'), classes++) {
    uint64_t class_live = figures_number_at(at, "live_objects");
    uint64_t allocated = figures_number_at(at, "allocated_calls"), freed = figures_number_at(at, "freed_calls");
    EXPECT_EQUAL(allocated - freed, class_live);
    objects_sum += class_live;
    bytes_sum += class_live * figures_number_at(at, "object_bytes");
    allocated_sum += allocated;
    freed_sum += freed;
  }
  EXPECT(classes > 10 && classes <= (int)FH_ACCOUNTS_CLASSES);
  objects_sum += figures_number_at(large, "live_objects");
  bytes_sum += figures_number_at(large, "object_bytes");
  allocated_sum += figures_number_at(large, "allocated_calls");
  freed_sum += figures_number_at(large, "freed_calls");
  EXPECT_EQUAL(objects_sum, figures_total(&figures, "live_objects"));
  EXPECT_EQUAL(bytes_sum, live);
  EXPECT_EQUAL(allocated_sum, figures_total(&figures, "allocated_calls"));
  EXPECT_EQUAL(freed_sum, figures_total(&figures, "freed_calls"));
}

struct known {
  uint64_t live_objects, live_bytes, allocated_calls, freed_calls;
};

static struct known take(void) {
  check_equations();
  return (struct known){figures_total(&figures, "live_objects"), figures_total(&figures, "live_bytes"),
                        figures_total(&figures, "allocated_calls"), figures_total(&figures, "freed_calls")};
}

/* What stands in the accounts now, less what stood there before, is what this program did. */
static void expect_change(const struct known *before, int64_t objects_more, int64_t bytes_more, int64_t freed_more) {
  struct known now = take();
  EXPECT_EQUAL((int64_t)(now.live_objects - before->live_objects), objects_more);
  EXPECT_EQUAL((int64_t)(now.live_bytes - before->live_bytes), bytes_more);
  EXPECT_EQUAL((int64_t)(now.freed_calls - before->freed_calls), freed_more);
  EXPECT_EQUAL((int64_t)(now.allocated_calls - before->allocated_calls), objects_more + freed_more);
}

static size_t size_of(int number) {
  return number % 500 == 0 ? 100000 + (size_t)number * 10 : (size_t)(number * 7 % 5000);
}

static size_t bytes_of(void **own, int from, int step) {
  size_t bytes = 0;
  for (int i = from; i < OBJECTS; i += step)
    bytes += API(malloc_usable_size)(own[i]);
  return bytes;
}

static void *allocate_all(void *argument) {
  void **own = argument;
  for (int i = 0; i < OBJECTS; i++) {
    own[i] = API(malloc)(size_of(i));
    EXPECT(own[i]);
  }
  return NULL;
}

static void *free_every_other(void *argument) {
  void **others = argument;
  for (int i = 1; i < OBJECTS; i += 2)
    API(free)(others[i]);
  return NULL;
}

static pthread_barrier_t rest, go_on;
static void *allocate_and_rest(void *argument) {
  allocate_all(argument);
  pthread_barrier_wait(&rest);
  pthread_barrier_wait(&go_on);
  return NULL;
}

static void run_threads(void *(*run)(void *)) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    EXPECT_EQUAL(pthread_create(&threads[i], NULL, run, objects[i]), 0);
  for (int i = 0; i < THREADS; i++)
    EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);
}

int main(void) {
  API(free)(API(malloc)(1));
  /* Threads' stacks and thread-local tables come from the C library, which may keep them: once before counting. */
  run_threads(allocate_all);
  for (int i = 0; i < THREADS; i++)
    for (int j = 0; j < OBJECTS; j++)
      API(free)(objects[i][j]);

  /* One thread. */
  struct known before = take();
  allocate_all(objects[0]);
  size_t bytes = bytes_of(objects[0], 0, 1);
  expect_change(&before, OBJECTS, (int64_t)bytes, 0);
  size_t odd_bytes = bytes_of(objects[0], 1, 2);
  free_every_other(objects[0]);
  expect_change(&before, OBJECTS / 2, (int64_t)(bytes - odd_bytes), OBJECTS / 2);
  for (int i = 0; i < OBJECTS; i += 2)
    API(free)(objects[0][i]);
  expect_change(&before, 0, 0, OBJECTS);

  /* Threads that are still there, at rest; half of their objects freed by this one. */
  enum { RESTING = 3 };
  pthread_t threads[RESTING];
  pthread_barrier_init(&rest, NULL, RESTING + 1);
  pthread_barrier_init(&go_on, NULL, RESTING + 1);
  for (int i = 0; i < RESTING; i++)
    EXPECT_EQUAL(pthread_create(&threads[i], NULL, allocate_and_rest, objects[i]), 0);
  pthread_barrier_wait(&rest);
  struct known resting = take();
  bytes = 0;
  for (int i = 0; i < RESTING; i++)
    bytes += bytes_of(objects[i], 1, 2);
  for (int i = 0; i < RESTING; i++)
    free_every_other(objects[i]);
  expect_change(&resting, -(int64_t)RESTING * OBJECTS / 2, -(int64_t)bytes, (int64_t)RESTING * OBJECTS / 2);
  pthread_barrier_wait(&go_on);
  for (int i = 0; i < RESTING; i++)
    EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);
  for (int i = 0; i < RESTING; i++)
    for (int j = 0; j < OBJECTS; j += 2)
      API(free)(objects[i][j]);

  /* Threads that have ended. */
  run_threads(allocate_all);
  struct known filled = take();
  bytes = 0;
  for (int i = 0; i < THREADS; i++)
    bytes += bytes_of(objects[i], 1, 2);
  run_threads(free_every_other);
  struct known half = take();
  /* The C library may have made and freed something for the threads. */
  EXPECT(half.live_objects <= filled.live_objects - THREADS * OBJECTS / 2 + 2 * THREADS);
  EXPECT(half.live_objects + 2 * THREADS >= filled.live_objects - THREADS * OBJECTS / 2);
  EXPECT(half.live_bytes <= filled.live_bytes - bytes + 65536 &&
         half.live_bytes + 65536 >= filled.live_bytes - bytes);
  for (int i = 0; i < THREADS; i++)
    for (int j = 0; j < OBJECTS; j += 2)
      API(free)(objects[i][j]);
  struct known last = take();
  EXPECT(last.live_objects <= before.live_objects + 4 * THREADS);
  (void)API(malloc_trim)(0);
  check_equations();

  /* realloc is an allocation and a free when it moves, and neither when it stays; either way they add up. */
  void *object = API(malloc)(10);
  for (size_t size = 10; size < 10000000; size = size * 3 / 2 + 1) {
    object = API(realloc)(object, size);
    EXPECT(object);
    check_equations();
  }
  API(free)(object);
  /* Heaps of one's own are part of the whole. */
  before = take();
  fh_heap *heap = fh_heap_create(NULL);
  EXPECT(heap);
  for (int i = 0; i < 1000; i++)
    EXPECT(fh_heap_malloc(heap, size_of(i)));
  struct known with_heap = take();
  EXPECT_EQUAL(with_heap.live_objects - before.live_objects, 1000);
  fh_heap_destroy(heap);
  expect_change(&before, 0, 0, 1000);

  /* The text has the same totals; a bad descriptor is an error. */
  int fd = memfd_create("text", 0);
  EXPECT(fd >= 0);
  EXPECT_EQUAL(fh_accounts_print(fd, FH_FORMAT_TEXT), 0);
  EXPECT(lseek(fd, 0, SEEK_END) > 200);
  close(fd);
  errno = 0;
  EXPECT(fh_accounts_print(-1, FH_FORMAT_JSON) == -1 && errno == EBADF);
  puts("ok");
  return 0;
}
