/*
 * One misuse of the heap per run, named by the first argument; misuse_test.c runs it and reads what it says.
 *
 * Prints "pointer 0x..." for the pointer it misuses and, when it gets past the misuse, "went on" and exits with 0.
 * With a second argument "clean" it does the same without the mistake.
 */
#include "expect.h"

#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>

static bool clean;

/* Tells the test which address to look for, and passes it on. */
static void *announce(void *pointer) {
  printf("pointer %p\n", pointer);
  fflush(stdout);
  return opaque_pointer(pointer);
}

static void *allocate(size_t size) {
  void *object = malloc(size);
  if (!object)
    exit(3);
  memset(object, 0x11, size);
  return object;
}

static int global_array[64] = {1, 2, 3};
static const char *const string_literal = "a string literal is not an object";

static void free_stack(void) {
  int local[32] __attribute__((aligned(64))) = {7};
  if (!clean)
    free(announce(&local[4]));
}

static void free_global(void) {
  if (!clean)
    free(announce(&global_array[4]));
}

static void free_literal(void) {
  if (!clean)
    free(announce((void *)((uintptr_t)string_literal / 16 * 16)));
}

static void free_code(void) {
  if (!clean)
    free(announce((void *)(uintptr_t)&free_code));
}

static void free_interior_small(void) {
  char *object = allocate(200);
  free(announce(clean ? object : object + 64));
}

static void free_interior_misaligned(void) {
  char *object = allocate(200);
  free(announce(clean ? object : object + 3));
}

static void free_interior_large(void) {
  char *object = allocate(3000000);
  free(announce(clean ? object : object + 128 * 1024 + 32));
}

static void free_past_the_end(void) {
  char *object = allocate(200);
  free(announce(clean ? object : object + malloc_usable_size(object)));
}

static void free_twice_small(void) {
  void *object = allocate(64);
  free(announce(object));
  if (!clean)
    free(opaque_pointer(object));
}

static void free_twice_later(void) {
  void *objects[100];
  for (int i = 0; i < 100; i++)
    objects[i] = allocate(64);
  announce(objects[50]);
  for (int i = 0; i < 100; i++)
    free(objects[i]);
  if (!clean)
    free(opaque_pointer(objects[50]));
}

static void free_twice_large(void) {
  void *object = allocate(5000000);
  free(announce(object));
  if (!clean)
    free(opaque_pointer(object));
}

static void free_twice_medium(void) {
  void *object = allocate(40000);
  free(announce(object));
  if (!clean)
    free(opaque_pointer(object));
}

/* A program that writes to what it freed must not be able to hide its double free by it. */
static void free_twice_overwritten(void) {
  size_t *object = allocate(64);
  free(announce(object));
  if (!clean) {
    size_t *freed = opaque_pointer(object);
    for (int i = 0; i < 8; i++)
      freed[i] = 0xdeadbeefdeadbee0u + (unsigned)i;
    free(freed);
  }
}

static void *free_argument(void *object) {
  free(opaque_pointer(object));
  return NULL;
}

static void in_thread(void *object) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, free_argument, object) != 0)
    exit(3);
  pthread_join(thread, NULL);
}

static void free_twice_other_thread(void) {
  void *object = allocate(64);
  free(announce(object));
  if (!clean)
    in_thread(object);
}

static void free_twice_both_other_threads(void) {
  void *object = allocate(64);
  announce(object);
  in_thread(object);
  if (!clean)
    in_thread(object);
}

static void free_twice_remote_then_own(void) {
  void *object = allocate(64);
  announce(object);
  in_thread(object);
  if (!clean)
    free(opaque_pointer(object));
}

static void free_twice_large_other_thread(void) {
  void *object = allocate(5000000);
  announce(object);
  in_thread(object);
  if (!clean)
    in_thread(object);
}

static void *allocate_in_thread(void *out) {
  *(void **)out = allocate(64);
  return NULL;
}

static void free_twice_owner_ended(void) {
  pthread_t thread;
  void *object = NULL;
  if (pthread_create(&thread, NULL, allocate_in_thread, &object) != 0)
    exit(3);
  pthread_join(thread, NULL);
  free(announce(object));
  if (!clean)
    free(opaque_pointer(object));
}

static void free_wild(void) {
  if (!clean)
    free(announce((void *)0x123456789ab0));
}

static void free_small_number(void) {
  if (!clean)
    free(announce((void *)0x40));
}

static void free_not_canonical(void) {
  if (!clean)
    free(announce((void *)0xdeadbeefdeadbee0));
}

static void free_foreign_mapping(void) {
  char *mapping = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    exit(3);
  if (!clean)
    free(announce(mapping + 4096));
}

/* An address in the heap's stretch where nothing has been handed out yet. */
static void free_never_allocated(void) {
  char *object = allocate(64);
  if (!clean)
    free(announce((char *)((uintptr_t)object / 16 * 16 + ((uintptr_t)8 << 30))));
}

static void realloc_freed(void) {
  void *object = allocate(64);
  free(announce(object));
  if (!clean) {
    void *moved = realloc(opaque_pointer(object), 1000);
    (void)moved;
  }
}

static void realloc_stack(void) {
  int local[32] __attribute__((aligned(64))) = {7};
  if (!clean) {
    void *moved = realloc(announce(&local[4]), 1000);
    (void)moved;
  }
}

static void realloc_interior(void) {
  char *object = allocate(200);
  void *moved = realloc(announce(clean ? object : object + 32), 1000);
  (void)moved;
}

static void usable_size_freed(void) {
  void *object = allocate(64);
  free(announce(object));
  if (!clean)
    printf("%zu\n", malloc_usable_size(opaque_pointer(object)));
}

static void free_sized_too_large(void) {
  void *object = allocate(64);
  free_sized(announce(object), clean ? 64 : 100000);
}

static void heap_free_of_other_heap(void) {
  fh_heap *first = fh_heap_create(NULL), *second = fh_heap_create(NULL);
  if (!first || !second)
    exit(3);
  void *object = fh_heap_malloc(first, 64);
  announce(object);
  fh_heap_free(clean ? first : second, opaque_pointer(object));
}

static void heap_free_of_process_heap(void) {
  fh_heap *heap = fh_heap_create(NULL);
  if (!heap)
    exit(3);
  void *object = clean ? fh_heap_malloc(heap, 64) : allocate(64);
  announce(object);
  fh_heap_free(heap, opaque_pointer(object));
}

static const struct {
  const char *name;
  void (*run)(void);
} misuses[] = {
    {"free_stack", free_stack},
    {"free_global", free_global},
    {"free_literal", free_literal},
    {"free_code", free_code},
    {"free_interior_small", free_interior_small},
    {"free_interior_misaligned", free_interior_misaligned},
    {"free_interior_large", free_interior_large},
    {"free_past_the_end", free_past_the_end},
    {"free_twice_small", free_twice_small},
    {"free_twice_later", free_twice_later},
    {"free_twice_medium", free_twice_medium},
    {"free_twice_large", free_twice_large},
    {"free_twice_overwritten", free_twice_overwritten},
    {"free_twice_other_thread", free_twice_other_thread},
    {"free_twice_both_other_threads", free_twice_both_other_threads},
    {"free_twice_remote_then_own", free_twice_remote_then_own},
    {"free_twice_large_other_thread", free_twice_large_other_thread},
    {"free_twice_owner_ended", free_twice_owner_ended},
    {"free_wild", free_wild},
    {"free_small_number", free_small_number},
    {"free_not_canonical", free_not_canonical},
    {"free_foreign_mapping", free_foreign_mapping},
    {"free_never_allocated", free_never_allocated},
    {"realloc_freed", realloc_freed},
    {"realloc_stack", realloc_stack},
    {"realloc_interior", realloc_interior},
    {"usable_size_freed", usable_size_freed},
    {"free_sized_too_large", free_sized_too_large},
    {"heap_free_of_other_heap", heap_free_of_other_heap},
    {"heap_free_of_process_heap", heap_free_of_process_heap},
};

/* After a misuse that was only reported the heap must still work. */
static void use_the_heap(void) {
  static char *objects[1000];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 1000; i++) {
      objects[i] = allocate((size_t)i * 7 + 1);
      pattern_fill(objects[i], (size_t)i * 7 + 1, (uint64_t)i);
    }
    for (int i = 0; i < 1000; i++) {
      if (!pattern_holds(objects[i], (size_t)i * 7 + 1, (uint64_t)i))
        exit(4);
      free(objects[i]);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  clean = argc > 2 && strcmp(argv[2], "clean") == 0;
  for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++)
    if (strcmp(argv[1], misuses[i].name) == 0) {
      misuses[i].run();
      use_the_heap();
      puts("went on");
      return 0;
    }
  fprintf(stderr, "no misuse of this name: %s\n", argv[1]);
  return 2;
}
