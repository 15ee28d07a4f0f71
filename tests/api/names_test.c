/* Every promise that freehold.h makes for the twins of the standard names, tried on those names or on the twins. */
#include "expect.h"

#include <sys/mman.h>

static size_t page_bytes;

static const size_t interesting_sizes[] = {
    0,      1,      7,      8,      9,      15,     16,      17,      24,      31,      32,     33,
    48,     63,     64,     65,     100,    127,    128,     129,     255,     256,     257,    511,
    512,    513,    1000,   1023,   1024,   1025,   2047,    2048,    2049,    4095,    4096,   4097,
    8191,   8192,   8193,   16383,  16384,  16385,  32767,   32768,   32769,   65535,   65536,  65537,
    100000, 131072, 131073, 262144, 262145, 524288, 1000000, 1048576, 1048577, 4194304, 9999999};
#define INTERESTING_SIZES (sizeof interesting_sizes / sizeof interesting_sizes[0])

static size_t usable(void *pointer) {
  return API(malloc_usable_size)(pointer);
}

/* Sizes that no object can have: too large for ptrdiff_t. */
static const size_t impossible_sizes[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4095,
                                          SIZE_MAX / 2 + 2};
#define IMPOSSIBLE_SIZES (sizeof impossible_sizes / sizeof impossible_sizes[0])

static void test_zero_sizes(void) {
  void *first = API(malloc)(0), *second = API(malloc)(0);
  EXPECT(first && second && first != second);
  EXPECT_ALIGNED(first, 16);
  void *third = API(calloc)(0, 8), *fourth = API(calloc)(8, 0), *fifth = API(calloc)(0, 0);
  EXPECT(third && fourth && fifth && third != fourth && fourth != fifth);
  void *sixth = API(aligned_alloc)(64, 0);
  EXPECT(sixth);
  EXPECT_ALIGNED(sixth, 64);
  void *seventh = NULL;
  EXPECT_EQUAL(API(posix_memalign)(&seventh, 128, 0), 0);
  EXPECT(seventh != sixth);
  void *eighth = API(realloc)(NULL, 0);
  EXPECT(eighth);
  API(free)
  (first), API(free)(second), API(free)(third), API(free)(fourth), API(free)(fifth), API(free)(sixth),
      API(free)(seventh), API(free)(eighth);
  API(free)(NULL);
}

static void test_every_size_is_aligned_and_writable(void) {
  enum { ALL_SMALL = 4200 };
  static void *objects[ALL_SMALL];
  for (size_t size = 0; size < ALL_SMALL; size++) {
    objects[size] = API(malloc)(size);
    EXPECT(objects[size]);
    EXPECT_ALIGNED(objects[size], 16);
    EXPECT(usable(objects[size]) >= size);
    pattern_fill(objects[size], usable(objects[size]), size);
  }
  for (size_t size = 0; size < ALL_SMALL; size++) {
    EXPECT(pattern_holds(objects[size], usable(objects[size]), size));
    API(free)(objects[size]);
  }
  for (size_t i = 0; i < INTERESTING_SIZES; i++) {
    size_t size = interesting_sizes[i];
    void *object = API(malloc)(size);
    EXPECT(object);
    EXPECT_ALIGNED(object, 16);
    EXPECT(usable(object) >= size);
    pattern_fill(object, usable(object), i);
    EXPECT(pattern_holds(object, usable(object), i));
    API(free)(object);
  }
  EXPECT_EQUAL(usable(NULL), 0);
}

static void test_impossible_sizes(void) {
  void *kept = API(malloc)(100);
  EXPECT(kept);
  pattern_fill(kept, 100, 1);
  for (size_t i = 0; i < IMPOSSIBLE_SIZES; i++) {
    size_t size = opaque_size(impossible_sizes[i]);
    errno = 0;
    EXPECT(API(malloc)(size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(calloc)(1, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(calloc)(size, 1) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(realloc)(NULL, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(realloc)(kept, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(aligned_alloc)(64, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(aligned_alloc)(1 << 20, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(memalign)(64, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(valloc)(size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(pvalloc)(size) == NULL && errno == ENOMEM);
    void *result = &result;
    errno = 77;
    EXPECT_EQUAL(API(posix_memalign)(&result, 64, size), ENOMEM);
    EXPECT(result == &result);
    EXPECT_EQUAL(errno, 77);
  }
  EXPECT(pattern_holds(kept, 100, 1));
  API(free)(kept);
  /* Allowed by the type, but more than there are addresses. */
  errno = 0;
  EXPECT(API(malloc)(opaque_size(PTRDIFF_MAX)) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(API(malloc)(opaque_size((size_t)PTRDIFF_MAX - 65536)) == NULL && errno == ENOMEM);
}

static void test_overflowing_products(void) {
  static const size_t factors[][2] = {{SIZE_MAX, 2},
                                      {2, SIZE_MAX},
                                      {(size_t)1 << 32, (size_t)1 << 32},
                                      {((size_t)1 << 32) + 1, (size_t)1 << 32},
                                      {SIZE_MAX / 2 + 1, 2},
                                      {SIZE_MAX / 16 + 2, 16},
                                      {SIZE_MAX, SIZE_MAX},
                                      {((size_t)1 << 33) + 3, ((size_t)1 << 31) + 1}};
  for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
    size_t count = opaque_size(factors[i][0]), size = opaque_size(factors[i][1]);
    errno = 0;
    EXPECT(API(calloc)(count, size) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(API(reallocarray)(NULL, count, size) == NULL && errno == ENOMEM);
    char *kept = API(malloc)(40);
    EXPECT(kept);
    memset(kept, 'k', 40);
    errno = 0;
    EXPECT(API(reallocarray)(kept, count, size) == NULL && errno == ENOMEM);
    EXPECT(all_bytes_are(kept, 'k', 40));
    API(free)(kept);
  }
}

static void test_calloc_zeroes(void) {
  /* Fresh memory first, then memory that was dirty when it was freed: both kinds, every size. */
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < INTERESTING_SIZES; i++) {
      size_t size = interesting_sizes[i];
      void *objects[8];
      for (int j = 0; j < 8; j++) {
        objects[j] = API(calloc)(1, size);
        EXPECT(objects[j]);
        EXPECT_ALIGNED(objects[j], 16);
        EXPECT(all_bytes_are(objects[j], 0, size));
        memset(objects[j], 0xa5, usable(objects[j]));
      }
      for (int j = 0; j < 8; j++)
        API(free)(objects[j]);
      for (int j = 0; j < 8; j++) {
        objects[j] = API(malloc)(size);
        EXPECT(objects[j]);
        memset(objects[j], 0x5a, usable(objects[j]));
      }
      for (int j = 0; j < 8; j++)
        API(free)(objects[j]);
    }
  }
  void *array = API(calloc)(1000, 24);
  EXPECT(array);
  EXPECT(all_bytes_are(array, 0, 24000));
  API(free)(array);
}

static void test_realloc(void) {
  /* Every pair of interesting sizes keeps min(old, new) bytes. */
  for (size_t i = 0; i < INTERESTING_SIZES; i++) {
    for (size_t j = 0; j < INTERESTING_SIZES; j++) {
      size_t old_size = interesting_sizes[i], new_size = interesting_sizes[j];
      if (new_size == 0 || old_size + new_size > 3000000)
        continue;
      void *object = API(malloc)(old_size);
      EXPECT(object);
      pattern_fill(object, old_size, i);
      void *moved = API(realloc)(object, new_size);
      EXPECT(moved);
      EXPECT_ALIGNED(moved, 16);
      EXPECT(usable(moved) >= new_size);
      EXPECT(pattern_holds(moved, old_size < new_size ? old_size : new_size, i));
      memset(moved, 0x33, usable(moved));
      API(free)(moved);
    }
  }
  /* A growing large object, as a growing vector has it. */
  size_t size = 1000;
  unsigned char *vector = API(malloc)(size);
  EXPECT(vector);
  pattern_fill(vector, size, 9);
  while (size < ((size_t)48 << 20)) {
    size_t grown = size + size / 2;
    vector = API(realloc)(vector, grown);
    EXPECT(vector);
    EXPECT(pattern_holds(vector, size < 65536 ? size : 65536, 9));
    EXPECT_EQUAL(vector[size - 1], pattern_byte(9, size - 1));
    for (size_t at = size; at < grown; at++)
      vector[at] = pattern_byte(9, at);
    size = grown;
  }
  while (size > 10) {
    size /= 3;
    vector = API(realloc)(vector, size);
    EXPECT(vector);
    EXPECT(pattern_holds(vector, size < 65536 ? size : 65536, 9));
  }
  API(free)(vector);

  /* NULL: malloc. */
  void *fresh = API(realloc)(NULL, 50);
  EXPECT(fresh && usable(fresh) >= 50);
  /* Size 0: free, NULL, errno as it was. Again and again: a leak of 1 MiB each would show. */
  errno = 55;
  EXPECT(API(realloc)(fresh, 0) == NULL);
  EXPECT_EQUAL(errno, 55);
  size_t before = status_kib("VmRSS:");
  for (int i = 0; i < 300; i++) {
    void *object = API(malloc)(1 << 20);
    EXPECT(object);
    memset(object, 1, 1 << 20);
    errno = 55;
    EXPECT(API(realloc)(object, 0) == NULL);
    EXPECT_EQUAL(errno, 55);
  }
  EXPECT(status_kib("VmRSS:") < before + 150 * 1024);
  /* An object that was aligned to more than 16 may lose that, but not its content. */
  void *aligned = API(aligned_alloc)(4096, 5000);
  EXPECT(aligned);
  pattern_fill(aligned, 5000, 4);
  aligned = API(realloc)(aligned, 100000);
  EXPECT(aligned);
  EXPECT(pattern_holds(aligned, 5000, 4));
  aligned = API(realloc)(aligned, 90);
  EXPECT(aligned);
  EXPECT(pattern_holds(aligned, 90, 4));
  API(free)(aligned);

  /* reallocarray multiplies. */
  int *array = API(reallocarray)(NULL, 100, sizeof *array);
  EXPECT(array && usable(array) >= 400);
  pattern_fill(array, 400, 5);
  array = API(reallocarray)(array, 1000, sizeof *array);
  EXPECT(array && usable(array) >= 4000);
  EXPECT(pattern_holds(array, 400, 5));
  API(free)(array);
}

static void test_reallocf_frees_on_failure(void) {
  char *object = API(malloc)(10);
  EXPECT(object);
  memcpy(object, "123456789", 10);
  object = API(reallocf)(object, 1000);
  EXPECT(object && strcmp(object, "123456789") == 0);
  API(free)(object);
  /* 400 objects of 1 MiB: without the free this is 400 MiB more. */
  size_t before = status_kib("VmRSS:");
  for (int i = 0; i < 400; i++) {
    char *large = API(malloc)(1 << 20);
    EXPECT(large);
    memset(large, 1, 1 << 20);
    errno = 0;
    EXPECT(API(reallocf)(large, opaque_size(PTRDIFF_MAX)) == NULL);
    EXPECT_EQUAL(errno, ENOMEM);
  }
  EXPECT(status_kib("VmRSS:") < before + 200 * 1024);
  void *fresh = API(reallocf)(NULL, 10);
  EXPECT(fresh);
  API(free)(fresh);
}

static void test_bad_alignments(void) {
  static const size_t not_powers[] = {0, 3, 6, 12, 24, 48, 100, 4095, 4097, SIZE_MAX, SIZE_MAX - 1, 3ul << 40};
  for (size_t i = 0; i < sizeof not_powers / sizeof not_powers[0]; i++) {
    size_t alignment = opaque_size(not_powers[i]);
    errno = 0;
    EXPECT(API(aligned_alloc)(alignment, 64) == NULL);
    EXPECT_EQUAL(errno, EINVAL);
    void *result = &result;
    errno = 66;
    EXPECT_EQUAL(API(posix_memalign)(&result, alignment, 64), EINVAL);
    EXPECT(result == &result);
    EXPECT_EQUAL(errno, 66);
  }
  /* Powers of two, but smaller than a pointer: wrong for posix_memalign alone. */
  for (size_t alignment = 1; alignment < sizeof(void *); alignment *= 2) {
    void *result = &result;
    EXPECT_EQUAL(API(posix_memalign)(&result, opaque_size(alignment), 64), EINVAL);
    EXPECT(result == &result);
    void *object = API(aligned_alloc)(opaque_size(alignment), 64);
    EXPECT(object);
    EXPECT_ALIGNED(object, 16);
    API(free)(object);
  }
  /* A power of two that leaves no room for the object. */
  errno = 0;
  EXPECT(API(aligned_alloc)(opaque_size((size_t)1 << 63), 64) == NULL);
  EXPECT_EQUAL(errno, ENOMEM);
}

static void check_aligned(void *object, size_t alignment, size_t size, uint64_t seed) {
  EXPECT(object);
  EXPECT_ALIGNED(object, alignment);
  EXPECT(usable(object) >= size);
  size_t touched = size < 100000 ? size : 100000;
  pattern_fill(object, touched, seed);
  EXPECT(pattern_holds(object, touched, seed));
  if (size > 0)
    ((char *)object)[size - 1] = 1;
}

static void test_alignments(void) {
  static const size_t sizes[] = {0, 1, 5, 16, 17, 64, 100, 1000, 4096, 5000, 65536, 70000, 300000};
  for (size_t alignment = 1; alignment <= (size_t)64 << 20; alignment *= 2) {
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      void *objects[4];
      size_t size = sizes[i];
      objects[0] = API(aligned_alloc)(alignment, size);
      check_aligned(objects[0], alignment, size, 1);
      objects[1] = API(memalign)(alignment, size);
      check_aligned(objects[1], alignment, size, 2);
      objects[2] = NULL;
      if (alignment >= sizeof(void *)) {
        errno = 33;
        EXPECT_EQUAL(API(posix_memalign)(&objects[2], alignment, size), 0);
        EXPECT_EQUAL(errno, 33);
        check_aligned(objects[2], alignment, size, 3);
      }
      objects[3] = API(aligned_alloc)(alignment, size);
      check_aligned(objects[3], alignment, size, 4);
      if (size > 1) {
        EXPECT(pattern_holds(objects[0], size < 100000 ? size - 1 : 100000, 1));
        EXPECT(pattern_holds(objects[1], size < 100000 ? size - 1 : 100000, 2));
      }
      API(free)(objects[1]);
      API(free)(objects[0]);
      API(free)(objects[3]);
      API(free)(objects[2]);
    }
  }
  /* Many at once of one kind, so that the aligned path meets full spans. */
  enum { MANY = 3000 };
  static void *many[MANY];
  for (size_t alignment = 32; alignment <= 8192; alignment *= 4) {
    for (int i = 0; i < MANY; i++) {
      many[i] = API(aligned_alloc)(alignment, alignment / 2 + (size_t)i % 100);
      EXPECT(many[i]);
      EXPECT_ALIGNED(many[i], alignment);
      *(int *)many[i] = i;
    }
    for (int i = 0; i < MANY; i++) {
      EXPECT_EQUAL(*(int *)many[i], i);
      API(free)(many[i]);
    }
  }
}

static void test_valloc(void) {
  for (size_t i = 0; i < INTERESTING_SIZES; i++) {
    size_t size = interesting_sizes[i];
    void *object = API(valloc)(size);
    EXPECT(object);
    EXPECT_ALIGNED(object, page_bytes);
    EXPECT(usable(object) >= size);
    API(free)(object);
    object = API(pvalloc)(size);
    EXPECT(object);
    EXPECT_ALIGNED(object, page_bytes);
    size_t whole_pages = (size + page_bytes - 1) / page_bytes * page_bytes;
    EXPECT(usable(object) >= whole_pages);
    memset(object, 1, whole_pages);
    API(free)(object);
  }
}

static void test_free_keeps_errno(void) {
  for (size_t i = 0; i < INTERESTING_SIZES; i++) {
    void *object = API(malloc)(interesting_sizes[i]);
    EXPECT(object);
    errno = 4321;
    API(free)(object);
    EXPECT_EQUAL(errno, 4321);
  }
  /* Large enough that the memory goes back by system calls. */
  for (int i = 0; i < 20; i++) {
    void *object = API(malloc)((size_t)64 << 20);
    EXPECT(object);
    memset(object, 1, (size_t)8 << 20);
    errno = 4321;
    API(free)(object);
    EXPECT_EQUAL(errno, 4321);
  }
  errno = 4321;
  API(free)(NULL);
  EXPECT_EQUAL(errno, 4321);
  /* A call that succeeds leaves errno alone. */
  void *object = API(malloc)(100);
  object = API(realloc)(object, 200000);
  EXPECT(object);
  API(free)(object);
  object = API(calloc)(10, 10);
  EXPECT(object);
  API(free)(object);
  EXPECT_EQUAL(errno, 4321);
}

static void test_free_sized(void) {
  for (size_t i = 0; i < INTERESTING_SIZES; i++) {
    size_t size = interesting_sizes[i];
    void *object = API(malloc)(size);
    EXPECT(object);
    API(free_sized)(object, size);
    object = API(calloc)(1, size);
    EXPECT(object);
    API(free_sized)(object, size);
    object = API(realloc)(API(malloc)(10), size + 1);
    EXPECT(object);
    API(free_sized)(object, size + 1);
    for (size_t alignment = 8; alignment <= 65536; alignment *= 8) {
      object = API(aligned_alloc)(alignment, size);
      EXPECT(object);
      API(free_aligned_sized)(object, alignment, size);
    }
  }
  API(free_sized)(NULL, 0);
  API(free_sized)(NULL, 100);
  API(free_aligned_sized)(NULL, 64, 100);
}

static void test_trim(void) {
  enum { MANY = 2000 };
  static void *objects[MANY];
  for (int i = 0; i < MANY; i++) {
    objects[i] = API(malloc)(50000);
    EXPECT(objects[i]);
    memset(objects[i], 1, 50000);
  }
  size_t full = status_kib("VmRSS:");
  for (int i = 0; i < MANY; i++)
    API(free)(objects[i]);
  int gave_back = API(malloc_trim)(0);
  EXPECT(gave_back == 0 || gave_back == 1);
  size_t trimmed = status_kib("VmRSS:");
  EXPECT(trimmed + 80 * 1024 < full);
  /* Nothing more to give back. */
  gave_back = API(malloc_trim)(0);
  EXPECT(gave_back == 0 || gave_back == 1);
  for (int i = 0; i < MANY; i++) {
    objects[i] = API(calloc)(1, 50000);
    EXPECT(objects[i]);
    EXPECT(all_bytes_are(objects[i], 0, 50000));
  }
  for (int i = 0; i < MANY; i++)
    API(free)(objects[i]);
}

/* Objects don't overlap: fill many of mixed sizes with their own pattern, look at all of them again. */
static void test_objects_are_apart(void) {
  enum { MANY = 20000 };
  static void *objects[MANY];
  static size_t sizes[MANY];
  uint64_t random = 12345;
  for (int i = 0; i < MANY; i++) {
    random = random * 6364136223846793005ull + 1442695040888963407ull;
    sizes[i] = (random >> 33) % ((random >> 20) % 16 == 0 ? 20000 : 600);
    objects[i] = API(malloc)(sizes[i]);
    EXPECT(objects[i]);
    pattern_fill(objects[i], sizes[i], (uint64_t)i);
  }
  for (int i = 0; i < MANY; i++)
    EXPECT(pattern_holds(objects[i], sizes[i], (uint64_t)i));
  for (int i = 0; i < MANY; i += 2)
    API(free)(objects[i]);
  for (int i = 0; i < MANY; i += 2) {
    objects[i] = API(malloc)(sizes[i] / 2);
    EXPECT(objects[i]);
    memset(objects[i], 0xee, sizes[i] / 2);
  }
  for (int i = 1; i < MANY; i += 2)
    EXPECT(pattern_holds(objects[i], sizes[i], (uint64_t)i));
  for (int i = 0; i < MANY; i++)
    API(free)(objects[i]);
}

/* A large object can be had, is sparse until written, and can be freed. */
static void test_huge(void) {
  size_t size = (size_t)3 << 30;
  size_t before = status_kib("VmRSS:");
  char *object = API(malloc)(size);
  EXPECT(object);
  object[0] = object[size / 2] = object[size - 1] = 1;
  EXPECT(status_kib("VmRSS:") < before + 100 * 1024);
  object = API(realloc)(object, size + size / 2);
  EXPECT(object);
  EXPECT(object[0] == 1 && object[size / 2] == 1 && object[size - 1] == 1);
  API(free)(object);
  object = API(calloc)(size, 1);
  EXPECT(object);
  EXPECT(object[0] == 0 && object[size / 2] == 0 && object[size - 1] == 0);
  EXPECT(status_kib("VmRSS:") < before + 100 * 1024);
  API(free)(object);
}

int main(void) {
  page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  test_zero_sizes();
  test_every_size_is_aligned_and_writable();
  test_impossible_sizes();
  test_overflowing_products();
  test_calloc_zeroes();
  test_realloc();
  test_reallocf_frees_on_failure();
  test_bad_alignments();
  test_alignments();
  test_valloc();
  test_free_keeps_errno();
  test_free_sized();
  test_trim();
  test_objects_are_apart();
  test_huge();
  puts("every promise held");
  return 0;
}
