/* Heaps of one's own: fh_heap_create and what goes with it. */
#include "expect.h"

#include <pthread.h>

static void test_create_and_destroy(void) {
  fh_heap *heap = fh_heap_create(NULL);
  EXPECT(heap);
  fh_heap_destroy(heap);
  fh_heap_destroy(NULL);
  struct fh_heap_options options = {.struct_bytes = sizeof options,
                                    .name = "a name that is longer than the 31 bytes kept"};
  heap = fh_heap_create(&options);
  EXPECT(heap);
  fh_heap_destroy(heap);
  /* A struct of a version this library does not know. */
  options.struct_bytes = 0;
  errno = 0;
  EXPECT(fh_heap_create(&options) == NULL);
  EXPECT_EQUAL(errno, EINVAL);
  options.struct_bytes = sizeof options + 4096;
  errno = 0;
  EXPECT(fh_heap_create(&options) == NULL);
  EXPECT_EQUAL(errno, EINVAL);
}

static void test_promises(void) {
  fh_heap *heap = fh_heap_create(NULL);
  EXPECT(heap);
  for (size_t size = 0; size < 300000; size += 1 + size / 7) {
    char *object = fh_heap_malloc(heap, size);
    EXPECT(object);
    EXPECT_ALIGNED(object, 16);
    EXPECT(fh_malloc_usable_size(object) >= size);
    pattern_fill(object, size, size);
    object = fh_heap_realloc(heap, object, size * 2 + 1);
    EXPECT(object);
    EXPECT(pattern_holds(object, size, size));
    fh_heap_free(heap, object);
    object = fh_heap_calloc(heap, 3, size);
    EXPECT(object);
    EXPECT(all_bytes_are(object, 0, 3 * size));
    memset(object, 0x77, 3 * size);
    fh_heap_free(heap, object);
  }
  for (size_t alignment = 1; alignment <= (size_t)1 << 20; alignment *= 2) {
    void *object = fh_heap_aligned_alloc(heap, alignment, 1000);
    EXPECT(object);
    EXPECT_ALIGNED(object, alignment);
    memset(object, 1, 1000);
    fh_heap_free(heap, object);
  }
  errno = 0;
  EXPECT(fh_heap_aligned_alloc(heap, opaque_size(48), 10) == NULL && errno == EINVAL);
  errno = 0;
  EXPECT(fh_heap_malloc(heap, opaque_size(SIZE_MAX)) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(fh_heap_calloc(heap, opaque_size((size_t)1 << 33), opaque_size((size_t)1 << 33)) == NULL && errno == ENOMEM);
  char *fresh = fh_heap_realloc(heap, NULL, 40);
  EXPECT(fresh);
  memset(fresh, 'x', 40);
  errno = 0;
  EXPECT(fh_heap_realloc(heap, fresh, opaque_size(SIZE_MAX / 2 + 2)) == NULL && errno == ENOMEM);
  EXPECT(all_bytes_are(fresh, 'x', 40));
  errno = 88;
  EXPECT(fh_heap_realloc(heap, fresh, 0) == NULL);
  EXPECT_EQUAL(errno, 88);
  fh_heap_free(heap, NULL);
  fh_heap_destroy(heap);
}

static void test_limit(void) {
  struct fh_heap_options options = {
      .struct_bytes = sizeof options, .limit_bytes = (size_t)8 << 20, .name = "limited"};
  fh_heap *heap = fh_heap_create(&options);
  EXPECT(heap);
  static void *objects[100000];
  for (int round = 0; round < 3; round++) {
    int count = 0;
    size_t size = round == 0 ? 100 : round == 1 ? 5000 : 300000;
    errno = 0;
    while (count < 100000 && (objects[count] = fh_heap_malloc(heap, size)) != NULL) {
      memset(objects[count], count, size);
      count++;
    }
    EXPECT(count < 100000);
    EXPECT_EQUAL(errno, ENOMEM);
    EXPECT((size_t)count * size <= (size_t)8 << 20);
    EXPECT((size_t)count * size >= (size_t)5 << 20);
    struct fh_heap_totals figures;
    EXPECT_EQUAL(fh_heap_statistics(heap, &figures), 0);
    EXPECT_EQUAL(figures.limit_bytes, (size_t)8 << 20);
    EXPECT(figures.held_bytes <= figures.limit_bytes);
    EXPECT_EQUAL(figures.live_objects, count);
    EXPECT(figures.live_bytes >= (size_t)count * size && figures.live_bytes <= figures.held_bytes);
    /* The rest of the process is not limited. */
    void *other = fh_malloc((size_t)64 << 20);
    EXPECT(other);
    fh_free(other);
    for (int i = 0; i < count; i++)
      EXPECT(all_bytes_are(objects[i], (unsigned char)i, size));
    /* One freed, one more fits. */
    fh_heap_free(heap, objects[count / 2]);
    objects[count / 2] = fh_heap_malloc(heap, size);
    EXPECT(objects[count / 2]);
    for (int i = 0; i < count; i++)
      fh_heap_free(heap, objects[i]);
    EXPECT_EQUAL(fh_heap_statistics(heap, &figures), 0);
    EXPECT_EQUAL(figures.live_objects, 0);
    EXPECT_EQUAL(figures.live_bytes, 0);
  }
  /* Larger than the limit at once. */
  errno = 0;
  EXPECT(fh_heap_malloc(heap, (size_t)9 << 20) == NULL && errno == ENOMEM);
  fh_heap_destroy(heap);
}

static void test_zeroed(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .zeroed = true};
  fh_heap *heap = fh_heap_create(&options);
  EXPECT(heap);
  for (int round = 0; round < 20; round++)
    for (size_t size = 1; size < 200000; size += 1 + size / 3) {
      void *object = fh_heap_malloc(heap, size);
      EXPECT(object);
      EXPECT(all_bytes_are(object, 0, size));
      memset(object, 0xff, fh_malloc_usable_size(object));
      object = fh_heap_realloc(heap, object, size * 2);
      EXPECT(object);
      EXPECT(all_bytes_are(object, 0xff, size));
      memset(object, 0xff, fh_malloc_usable_size(object));
      if (round % 2)
        fh_heap_free(heap, object);
      else
        fh_free(object);
      void *aligned = fh_heap_aligned_alloc(heap, 256, size);
      EXPECT(aligned);
      EXPECT(all_bytes_are(aligned, 0, size));
      memset(aligned, 0xff, fh_malloc_usable_size(aligned));
      fh_heap_free(heap, aligned);
    }
  fh_heap_destroy(heap);
}

static void test_destroy_returns_memory(void) {
  /* Each round fills 64 MiB; without the return the tenth would hold 640. */
  size_t before = status_kib("VmRSS:");
  for (int round = 0; round < 10; round++) {
    fh_heap *heap = fh_heap_create(NULL);
    EXPECT(heap);
    size_t total = 0;
    for (size_t i = 0; total < (size_t)64 << 20; i++) {
      size_t size = 16 + (i * 7919) % (i % 50 == 0 ? 500000 : 3000);
      void *object = fh_heap_malloc(heap, size);
      EXPECT(object);
      memset(object, 1, size);
      total += size;
    }
    fh_heap_destroy(heap);
  }
  (void)fh_malloc_trim(0);
#ifndef TEST_FH_NAMES /* a sanitizer's shadow of the memory stays */
  EXPECT(status_kib("VmRSS:") < before + 32 * 1024);
#endif
  /* Many heaps, too: what a heap itself costs comes back or is reused. */
  for (int round = 0; round < 20; round++) {
    fh_heap *heaps[200];
    for (int i = 0; i < 200; i++) {
      heaps[i] = fh_heap_create(NULL);
      EXPECT(heaps[i]);
      EXPECT(fh_heap_malloc(heaps[i], 100));
    }
    for (int i = 0; i < 200; i++)
      fh_heap_destroy(heaps[i]);
  }
  (void)fh_malloc_trim(0);
#ifndef TEST_FH_NAMES
  EXPECT(status_kib("VmRSS:") < before + 64 * 1024);
#else
  (void)before;
#endif
}

static void test_statistics(void) {
  fh_heap *heap = fh_heap_create(NULL);
  EXPECT(heap);
  struct fh_heap_totals figures = {1, 1, 1, 1};
  EXPECT_EQUAL(fh_heap_statistics(heap, &figures), 0);
  EXPECT(figures.live_objects == 0 && figures.live_bytes == 0 && figures.limit_bytes == 0);
  errno = 0;
  EXPECT(fh_heap_statistics(NULL, &figures) == -1 && errno == EINVAL);
  errno = 0;
  EXPECT(fh_heap_statistics(heap, NULL) == -1 && errno == EINVAL);
  static void *objects[500];
  size_t bytes = 0;
  for (int i = 0; i < 500; i++) {
    objects[i] = fh_heap_malloc(heap, (size_t)i * 37);
    EXPECT(objects[i]);
    bytes += fh_malloc_usable_size(objects[i]);
  }
  EXPECT_EQUAL(fh_heap_statistics(heap, &figures), 0);
  EXPECT_EQUAL(figures.live_objects, 500);
  EXPECT_EQUAL(figures.live_bytes, bytes);
  EXPECT(figures.held_bytes >= bytes);
  for (int i = 0; i < 500; i += 2) {
    bytes -= fh_malloc_usable_size(objects[i]);
    fh_free(objects[i]);
  }
  EXPECT_EQUAL(fh_heap_statistics(heap, &figures), 0);
  EXPECT_EQUAL(figures.live_objects, 250);
  EXPECT_EQUAL(figures.live_bytes, bytes);
  fh_heap_destroy(heap);
}

static void test_plain_calls_on_heap_objects(void) {
  fh_heap *heap = fh_heap_create(NULL);
  EXPECT(heap);
  char *object = fh_heap_malloc(heap, 100);
  EXPECT(object);
  pattern_fill(object, 100, 3);
  EXPECT(API(malloc_usable_size)(object) >= 100);
  object = API(realloc)(object, 100000);
  EXPECT(object);
  EXPECT(pattern_holds(object, 100, 3));
  API(free)(object);
  object = fh_heap_malloc(heap, 2000000);
  EXPECT(object);
  API(free)(object);
  fh_heap_destroy(heap);
}

enum { THREADS = 8, ROUNDS = 3000 };
static fh_heap *shared_heap;
static void *mailbox[THREADS];

/* Allocates from one heap with many threads; every other object is freed by the neighbour. */
static void *use_shared_heap(void *argument) {
  size_t self = (size_t)(uintptr_t)argument;
  uint64_t random = self * 77 + 1;
  for (int i = 0; i < ROUNDS; i++) {
    random = random * 6364136223846793005ull + 1442695040888963407ull;
    size_t size = 8 + (random >> 33) % (i % 100 == 0 ? 100000 : 1000);
    size_t *object = fh_heap_malloc(shared_heap, size);
    EXPECT(object);
    pattern_fill(object, size, size);
    memcpy(object, &size, sizeof size);
    size_t *received = __atomic_exchange_n(&mailbox[(self + 1) % THREADS], object, __ATOMIC_ACQ_REL);
    if (received) {
      size_t received_size = *received;
      for (size_t at = sizeof size; at < received_size; at++)
        EXPECT_EQUAL(((unsigned char *)received)[at], pattern_byte(received_size, at));
      if (i % 3 == 0)
        API(free)(received);
      else
        fh_heap_free(shared_heap, received);
    }
  }
  return NULL;
}

static void test_threads(void) {
  shared_heap = fh_heap_create(NULL);
  EXPECT(shared_heap);
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++)
    EXPECT_EQUAL(pthread_create(&threads[i], NULL, use_shared_heap, (void *)i), 0);
  for (int i = 0; i < THREADS; i++)
    EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);
  for (int i = 0; i < THREADS; i++)
    fh_heap_free(shared_heap, mailbox[i]);
  struct fh_heap_totals figures;
  EXPECT_EQUAL(fh_heap_statistics(shared_heap, &figures), 0);
  EXPECT_EQUAL(figures.live_objects, 0);
  fh_heap_destroy(shared_heap);
}

/* A heap destroyed with objects in it, its address space reused by others at once. */
static void test_reuse_after_destroy(void) {
  for (int round = 0; round < 50; round++) {
    fh_heap *heap = fh_heap_create(NULL);
    EXPECT(heap);
    for (int i = 0; i < 300; i++) {
      void *object = fh_heap_malloc(heap, (size_t)i * 50 + 1);
      EXPECT(object);
      memset(object, 0xdd, (size_t)i * 50 + 1);
    }
    fh_heap_destroy(heap);
    static unsigned char *objects[300];
    for (int i = 0; i < 300; i++) {
      objects[i] = API(calloc)(1, (size_t)i * 50 + 1);
      EXPECT(objects[i]);
      EXPECT(all_bytes_are(objects[i], 0, (size_t)i * 50 + 1));
    }
    for (int i = 0; i < 300; i++)
      API(free)(objects[i]);
  }
}

int main(void) {
  test_create_and_destroy();
  test_promises();
  test_limit();
  test_zeroed();
  test_destroy_returns_memory();
  test_statistics();
  test_plain_calls_on_heap_objects();
  test_threads();
  test_reuse_after_destroy();
  puts("ok");
  return 0;
}
