/*
 * victim_heaps.c MODE: errors with heaps of one's own. Each mode makes one; `clean` makes none, with everything that looks
 * like a leak and is none as long as the program has the heap.
 */
#include <freehold.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static fh_heap *heap, *closed;
static char *volatile object;

static fh_heap *create(const char *name, size_t limit, bool zeroed) {
  struct fh_heap_options options = {
      .struct_bytes = sizeof options, .limit_bytes = limit, .zeroed = zeroed, .name = name};
  return fh_heap_create(&options);
}

__attribute__((noinline)) static void clobber(void) {
  volatile char bytes[4096];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = 0;
}

/* Objects that nothing but the heap knows of. volatile: no compiler may leave out a store because nobody looks at it. */
__attribute__((noinline)) static void fill(fh_heap *of) {
  for (size_t i = 0; i < 50; i++)
    memset(fh_heap_malloc(of, i * 30), 1, i * 30);
  void *volatile *holder = fh_heap_calloc(of, 1, sizeof *holder);
  *holder = malloc(77);
  fh_heap *volatile *inner = fh_heap_calloc(of, 1, sizeof *inner);
  *inner = create("inner", 0, false);
  memset(fh_heap_malloc(*inner, 20), 1, 20);
}

/* A block that only a closed heap points to is not lost. */
__attribute__((noinline)) static void keep_in_closed(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .name = "closed", .flags = FH_HEAP_PROTECTED};
  closed = fh_heap_create(&options);
  void *volatile *holder = fh_heap_calloc(closed, 2, sizeof *holder);
  holder[1] = malloc(66);
  free(fh_heap_malloc(closed, 10));
  fh_heap_protect(closed, FH_HEAP_NO_ACCESS);
}

static void overflow(void) {
  object[10] = 1;
}
static void use_after_destroy(void) {
  fh_heap_destroy(heap);
  object[3] = 1;
}
static void use_of_heap_after_destroy(void) {
  fh_heap_destroy(heap);
  object = fh_heap_malloc(heap, 3);
}
static void destroy_twice(void) {
  fh_heap_destroy(heap);
  fh_heap_destroy(heap);
}
static void double_free(void) {
  free(object);
  fh_heap_free(heap, object);
}
static void wrong_heap(void) {
  fh_heap *other = create("other", 0, false);
  fh_heap_free(other, object);
  fh_heap_destroy(other);
}
static void free_of_another_make(void) {
  fh_heap_free(heap, malloc(3));
}
static void free_of_handle(void) {
  fh_heap_destroy(create("handed", 0, false));
  free(create("handle", 0, false));
}
static void no_heap(void) {
  static long not_a_heap[8];
  object = fh_heap_malloc((fh_heap *)(void *)not_a_heap, 3);
}
static void uninitialized(void) {
  object = fh_heap_malloc(heap, 20);
  if (object[4] == 3)
    puts("three");
}
static void grown_overflow(void) {
  object = fh_heap_realloc(heap, realloc(object, 300), 3000);
  memset(object, 1, 3000);
  object[3000] = 1;
}
static void closed_double_free(void) {
  char *one = fh_heap_malloc(closed, 10);
  fh_heap_free(closed, one);
  fh_heap_free(closed, one);
}
static void closed_wrong_heap(void) {
  fh_heap_free(closed, object);
  fh_heap_free(heap, fh_heap_malloc(closed, 10));
}
static void closed_after_destroy(void) {
  fh_heap_destroy(closed);
  fh_heap_protect(closed, FH_HEAP_READ_WRITE);
}
static void lost_heap(void) {
  object = NULL;
  heap = NULL;
  clobber();
}

static void *work(void *own) {
  for (int i = 0; i < 200; i++) {
    char *one = fh_heap_malloc(heap, (size_t)i), *other = fh_heap_malloc(own, (size_t)i + 1);
    memset(one, 1, (size_t)i);
    memset(other, 1, (size_t)i + 1);
    if (i % 3 == 0)
      fh_heap_free(heap, one);
    if (i % 3 == 1)
      free(other);
    if (i % 5 == 0)
      other = fh_heap_realloc(own, NULL, 5);
  }
  return NULL;
}

static void clean(void) {
  keep_in_closed();
  pthread_t threads[4];
  fh_heap *own[4];
  for (int i = 0; i < 4; i++) {
    own[i] = create("own", 0, i % 2 == 0);
    pthread_create(&threads[i], NULL, work, own[i]);
  }
  for (int i = 0; i < 20; i++) {
    pid_t child = fork();
    if (child == 0) {
      fh_heap *fresh = create("child", 0, false);
      work(fresh);
      fh_heap_destroy(fresh);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    fh_heap_destroy(own[i]);
  }
  fh_heap *limited = create("limited", (size_t)1 << 20, true);
  size_t count = 0;
  char *last = NULL, *next;
  while ((next = fh_heap_malloc(limited, 1000)) != NULL) {
    last = next;
    count++;
  }
  struct fh_heap_totals totals;
  if (fh_heap_statistics(limited, &totals) != 0 || totals.live_objects != count ||
      totals.live_bytes != 1000 * count || totals.held_bytes > totals.limit_bytes || count < 900 || count > 1048 ||
      last[999] != 0)
    puts("victim: the limit doesn't hold");
  fh_heap_free(limited, last);
  if (fh_heap_realloc(limited, NULL, 900) == NULL || fh_heap_malloc(limited, (size_t)1 << 20) != NULL)
    puts("victim: what was freed can't be had again");
  fh_heap_destroy(limited);
  object = fh_heap_realloc(heap, object, (size_t)1 << 20);
  memset(object, 2, (size_t)1 << 20);
  fh_heap_free(heap, object);
}

int main(int count, char **arguments) {
  static const struct {
    const char *name;
    void (*make)(void);
  } modes[] = {{"overflow", overflow},
               {"use-after-destroy", use_after_destroy},
               {"use-of-heap-after-destroy", use_of_heap_after_destroy},
               {"destroy-twice", destroy_twice},
               {"double-free", double_free},
               {"wrong-heap", wrong_heap},
               {"free-of-another-make", free_of_another_make},
               {"free-of-handle", free_of_handle},
               {"no-heap", no_heap},
               {"uninitialized", uninitialized},
               {"grown-overflow", grown_overflow},
               {"closed-double-free", closed_double_free},
               {"closed-wrong-heap", closed_wrong_heap},
               {"closed-after-destroy", closed_after_destroy},
               {"lost-heap", lost_heap},
               {"clean", clean}};
  heap = create("arena", 0, false);
  object = fh_heap_malloc(heap, 10);
  if (count > 2)
    fill(heap);
  if (count > 1 && strncmp(arguments[1], "closed", 6) == 0) {
    keep_in_closed();
    fh_heap_protect(closed, FH_HEAP_READ_WRITE);
  }
  clobber();
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (count > 1 && strcmp(arguments[1], modes[i].name) == 0) {
      modes[i].make();
      puts("survived");
      return 0;
    }
  return 2;
}
