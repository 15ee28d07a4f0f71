/*
 * Turns bytes into a sequence of heap calls and checks each result against a model: objects lie apart, are aligned, are
 * as large as asked for, keep their content, and what must fail fails with the right errno.
 *
 * LLVMFuzzerTestOneInput is libFuzzer's entry; replay_main.c calls the same function with files or random bytes. The
 * model is a sorted table of the live objects, in static memory, so that the heap under test serves only the calls
 * under test.
 */
#include "../api/expect.h"

#include <pthread.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

enum { OBJECTS_MOST = 256, HEAPS = 3 };

struct object {
  uintptr_t start;
  size_t size;   /* asked for */
  size_t usable; /* what the heap says it may be used for */
  uint64_t seed;
  fh_heap *heap; /* NULL: the process's heap */
};

/* Sorted by start; no two overlap. */
static struct object objects[OBJECTS_MOST];
static size_t count;
static fh_heap *heaps[HEAPS];
static bool heap_zeroed[HEAPS];
static uint64_t next_seed;

struct input {
  const uint8_t *data;
  size_t length, at;
};

static unsigned take_byte(struct input *input) {
  return input->at < input->length ? input->data[input->at++] : 0;
}
static unsigned take_short(struct input *input) {
  unsigned high = take_byte(input);
  return high << 8 | take_byte(input);
}

/* Small sizes mostly; sometimes near a power of two; rarely very large or impossible. */
static size_t take_size(struct input *input) {
  unsigned kind = take_byte(input);
  if (kind < 160)
    return kind;
  if (kind < 230)
    return take_short(input);
  if (kind < 252)
    return ((size_t)1 << (kind % 22)) + take_byte(input) - (kind % 22 < 8 ? 0u : 128u);
  if (kind == 252)
    return SIZE_MAX - take_byte(input);
  if (kind == 253)
    return (size_t)PTRDIFF_MAX + take_byte(input) - 128;
  return (size_t)take_byte(input) << 16;
}

static bool impossible(size_t size) {
  return size > (size_t)PTRDIFF_MAX - ((size_t)1 << 20);
}

static void content_check(const struct object *object) {
  EXPECT(pattern_holds((void *)object->start, object->size, object->seed));
}

static void model_remove(size_t index) {
  memmove(&objects[index], &objects[index + 1], (count - index - 1) * sizeof objects[0]);
  count--;
}

/* Enters an object that a call has returned: it must lie apart from its neighbours, all of it. */
static void model_add(void *memory, size_t size, size_t alignment, fh_heap *heap) {
  uintptr_t start = (uintptr_t)memory;
  EXPECT(memory);
  EXPECT_ALIGNED(memory, alignment < 16 ? 16 : alignment);
  size_t usable = fh_malloc_usable_size(memory);
  EXPECT(usable >= size);
  size_t index = 0;
  while (index < count && objects[index].start < start)
    index++;
  if (index > 0)
    EXPECT(objects[index - 1].start + (objects[index - 1].usable ? objects[index - 1].usable : 1) <= start);
  if (index < count)
    EXPECT(start + (usable ? usable : 1) <= objects[index].start);
  EXPECT(count < OBJECTS_MOST);
  memmove(&objects[index + 1], &objects[index], (count - index) * sizeof objects[0]);
  count++;
  objects[index] = (struct object){start, size, usable, ++next_seed, heap};
  pattern_fill(memory, size, objects[index].seed);
}

static void make(struct input *input, unsigned how) {
  size_t size = take_size(input);
  size_t alignment = 1;
  fh_heap *heap = NULL;
  bool zeroed = false;
  void *memory = NULL;
  if (count == OBJECTS_MOST)
    return;
  errno = 0;
  switch (how) {
  case 0:
  case 1:
    memory = fh_malloc(size);
    break;
  case 2: {
    size_t elements = take_byte(input);
    if (size > 65536 && !impossible(size))
      elements %= 3; /* large enough already */
    zeroed = true;
    memory = fh_calloc(elements, size);
    if (elements != 0 && size > SIZE_MAX / elements) {
      EXPECT(memory == NULL && errno == ENOMEM);
      return;
    }
    size *= elements;
    break;
  }
  case 3:
    alignment = (size_t)1 << take_byte(input) % 22;
    memory = fh_aligned_alloc(alignment, size);
    break;
  case 4: {
    alignment = take_byte(input);
    int wrong = alignment == 0 || (alignment & (alignment - 1)) != 0;
    memory = fh_memalign(alignment, size);
    if (wrong || alignment == 0) {
      /* memalign(3) leaves bad alignments open: NULL with EINVAL, or an object all the same. */
      if (memory == NULL)
        return;
      alignment = 1;
    }
    break;
  }
  case 5: {
    alignment = take_byte(input);
    int wrong = alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0;
    errno = 99;
    int result = fh_posix_memalign(&memory, alignment, size);
    EXPECT_EQUAL(errno, 99);
    EXPECT(wrong ? result == EINVAL : result == 0 || result == ENOMEM);
    if (result != 0) {
      EXPECT(memory == NULL);
      if (wrong)
        return;
    }
    errno = result;
    break;
  }
  case 6: {
    unsigned which = take_byte(input) % HEAPS;
    if (!heaps[which]) {
      heap_zeroed[which] = which == 1;
      struct fh_heap_options options = {.struct_bytes = sizeof options,
                                        .zeroed = heap_zeroed[which],
                                        .limit_bytes = which == 2 ? (size_t)4 << 20 : 0};
      heaps[which] = fh_heap_create(&options);
      EXPECT(heaps[which]);
    }
    heap = heaps[which];
    zeroed = heap_zeroed[which];
    errno = 0;
    memory = fh_heap_malloc(heap, size);
    break;
  }
  default:
    memory = fh_realloc(NULL, size);
  }
  if (impossible(size))
    EXPECT(memory == NULL);
  if (memory == NULL) {
    EXPECT_EQUAL(errno, ENOMEM);
    return;
  }
  if (zeroed)
    EXPECT(all_bytes_are(memory, 0, size));
  model_add(memory, size, alignment, heap);
}

static void resize(struct input *input) {
  if (count == 0)
    return;
  size_t index = take_byte(input) % count;
  size_t size = take_size(input);
  struct object old = objects[index];
  content_check(&old);
  errno = 0;
  void *memory = old.heap   ? fh_heap_realloc(old.heap, (void *)old.start, size)
                 : size % 2 ? fh_reallocarray((void *)old.start, 1, size)
                            : fh_realloc((void *)old.start, size);
  if (size == 0) {
    EXPECT(memory == NULL && errno == 0);
    model_remove(index);
    return;
  }
  if (memory == NULL) {
    EXPECT_EQUAL(errno, ENOMEM);
    content_check(&old);
    return;
  }
  EXPECT(!impossible(size));
  model_remove(index);
  EXPECT(pattern_holds(memory, size < old.size ? size : old.size, old.seed));
  model_add(memory, size, 1, old.heap);
}

static void *free_in_thread(void *pointer) {
  fh_free(pointer);
  return NULL;
}

static void release(struct input *input, unsigned how) {
  if (count == 0)
    return;
  size_t index = take_byte(input) % count;
  struct object object = objects[index];
  content_check(&object);
  EXPECT_EQUAL(fh_malloc_usable_size((void *)object.start), object.usable);
  model_remove(index);
  errno = 5;
  pthread_t thread;
  if (how == 1 && pthread_create(&thread, NULL, free_in_thread, (void *)object.start) == 0)
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  else if (how == 2)
    fh_free_sized((void *)object.start, object.size);
  else if (object.heap && how == 3)
    fh_heap_free(object.heap, (void *)object.start);
  else
    fh_free((void *)object.start);
  EXPECT_EQUAL(errno, 5);
}

static void destroy_heap(unsigned which) {
  if (!heaps[which])
    return;
  for (size_t i = count; i > 0; i--)
    if (objects[i - 1].heap == heaps[which]) {
      content_check(&objects[i - 1]);
      model_remove(i - 1);
    }
  fh_heap_destroy(heaps[which]);
  heaps[which] = NULL;
}

static void check_all(void) {
  for (size_t i = 0; i < count; i++)
    content_check(&objects[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
  struct input input = {data, length, 0};
  while (input.at < input.length) {
    unsigned call = take_byte(&input);
    switch (call % 16) {
    case 8:
    case 9:
      resize(&input);
      break;
    case 10:
    case 11:
    case 12:
      release(&input, 0);
      break;
    case 13:
      release(&input, 1 + call / 16 % 3);
      break;
    case 14:
      check_all();
      break;
    case 15:
      if (call == 15)
        (void)fh_malloc_trim(take_short(&input));
      else if (call == 31)
        destroy_heap(take_byte(&input) % HEAPS);
      else
        release(&input, 0);
      break;
    default:
      make(&input, call % 16);
    }
  }
  check_all();
  while (count > 0) {
    fh_free((void *)objects[count - 1].start);
    count--;
  }
  for (unsigned i = 0; i < HEAPS; i++)
    destroy_heap(i);
  return 0;
}
