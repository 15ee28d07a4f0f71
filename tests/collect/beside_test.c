/*
 * Marking while the program runs: what is alive must stay, whoever writes to it meanwhile, and each cycle is compared with
 * marking from nothing (option collect_validate, set by CMakeLists.txt).
 *
 *   beside_test mutate | read | fork | threads | close | stopped | library FILE
 *
 * `stopped`: the kernel can't note writes (forbid.c sees to it); then the program is stopped as ever.
 */
#define GC_THREADS
#include "../api/expect.h"
#include "gc.h"
#include "gc/gc_typed.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { EDGES = 4, SLOTS = 2000, CONTENT = 120, DEEP = 6, WORKERS = 3, SKIPPED = 77 };

struct node {
  uint64_t seed;
  size_t bytes;
  struct node *to[EDGES];
  char content[];
};

static GC_descr node_descriptor;
static volatile bool ended;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct node *make(uint64_t *random) {
  size_t bytes = random_next(random) % (random_next(random) % 50 == 0 ? 20000 : CONTENT);
  size_t size = sizeof(struct node) + bytes;
  struct node *node =
      random_next(random) % 3 == 0 ? GC_MALLOC_EXPLICITLY_TYPED(size, node_descriptor) : GC_MALLOC(size);
  EXPECT(node != NULL);
  node->seed = random_next(random) | 1;
  node->bytes = bytes;
  pattern_fill(node->content, bytes, node->seed);
  return node;
}

static void look(const struct node *node, uint64_t *random) {
  for (unsigned depth = 0; node != NULL && depth < DEEP; depth++) {
    EXPECT((node->seed & 1) == 1 && pattern_holds(node->content, node->bytes, node->seed));
    node = node->to[random_next(random) % EDGES];
  }
}

/* One step of a program that rewires its graph all the time. */
static void step(struct node **slots, uint64_t *random) {
  struct node *node = make(random);
  if (random_next(random) % 20 != 0) /* else it ends a path, so that the graph does not only grow */
    for (unsigned i = 0; i < 2; i++)
      node->to[random_next(random) % EDGES] = slots[random_next(random) % SLOTS];
  slots[random_next(random) % SLOTS] = node;
  /* From an old object to another one, whose other references go. */
  struct node *old = slots[random_next(random) % SLOTS];
  size_t place = random_next(random) % SLOTS;
  if (old != NULL) {
    old->to[random_next(random) % EDGES] = slots[place];
    slots[place] = NULL;
  }
  look(slots[random_next(random) % SLOTS], random);
  if (random_next(random) % 500 == 0)
    memset(slots + random_next(random) % (SLOTS / 2), 0, SLOTS / 2 * sizeof *slots);
  if (random_next(random) % 50 == 0)
    GC_FREE(make(random));
}

/* Until the program is to end; but so many collections there must be, however long they take. */
static void *work(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument * 0x9e3779b97f4a7c15u;
  struct node **slots = GC_MALLOC(SLOTS * sizeof *slots); /* its address is on this stack alone */
  while (!ended)
    step(slots, &random);
  for (size_t i = 0; i < SLOTS; i++)
    look(slots[i], &random);
  return NULL;
}

static void start_workers(pthread_t *ids) {
  for (uintptr_t i = 0; i < WORKERS; i++)
    EXPECT(pthread_create(&ids[i], NULL, work, (void *)(i + 1)) == 0);
}
static void join_workers(pthread_t *ids) {
  ended = true;
  for (unsigned i = 0; i < WORKERS; i++)
    EXPECT(pthread_join(ids[i], NULL) == 0);
}

static void wait_for_collections(GC_word count) {
  GC_word first = GC_get_gc_no();
  struct timespec moment = {0, 1000000};
  uint64_t began = now();
  while (GC_get_gc_no() - first < count) {
    nanosleep(&moment, NULL);
    EXPECT(now() - began < 50000000000u);
  }
}

/* A reference that the collector doesn't see. */
struct hidden {
  GC_word link;
};

static __attribute__((noinline)) void make_dead_links(struct hidden *links, size_t count, uint64_t *random) {
  for (size_t i = 0; i < count; i++) {
    void *object = make(random);
    links[i].link = GC_HIDE_POINTER(object);
    EXPECT(GC_general_register_disappearing_link((void **)&links[i].link, object) == GC_SUCCESS);
  }
}

static void test_mutate(void) {
  enum { LINKS = 100 };
  uint64_t random = 99;
  struct hidden *alive = GC_MALLOC_ATOMIC(LINKS * sizeof *alive), *dead = GC_MALLOC_ATOMIC(LINKS * sizeof *dead);
  struct node **kept = GC_MALLOC(LINKS * sizeof *kept);
  for (size_t i = 0; i < LINKS; i++) {
    kept[i] = make(&random);
    alive[i].link = GC_HIDE_POINTER(kept[i]);
    EXPECT(GC_general_register_disappearing_link((void **)&alive[i].link, kept[i]) == GC_SUCCESS);
  }
  make_dead_links(dead, LINKS, &random);
  pthread_t ids[WORKERS];
  start_workers(ids);
  wait_for_collections(60);
  join_workers(ids);
  size_t cleared = 0;
  for (size_t i = 0; i < LINKS; i++) {
    EXPECT(GC_REVEAL_POINTER(alive[i].link) == (void *)kept[i]);
    look(kept[i], &random);
    cleared += dead[i].link == 0;
  }
  EXPECT(cleared >= LINKS / 2); /* some may look alive */
}

/* References that the kernel alone writes, into objects that were marked long ago. */
static __attribute__((noinline)) void pass_through_pipe(int *files, struct node **to, size_t count,
                                                        uint64_t *random) {
  enum { MOST = 64 };
  struct node *batch[MOST];
  for (size_t i = 0; i < count; i++)
    batch[i] = make(random);
  ssize_t bytes = (ssize_t)(count * sizeof *batch);
  EXPECT(write(files[1], batch, (size_t)bytes) == bytes);
  EXPECT(read(files[0], to, (size_t)bytes) == bytes);
  memset(batch, 0, sizeof batch);
  __asm__ volatile("" : : "r"(batch) : "memory");
}

static void test_read(void) {
  enum { VAULT = 64 * 1024, BATCH = 64 };
  int files[2];
  uint64_t random = 5;
  EXPECT(pipe(files) == 0);
  struct node **vault = GC_MALLOC(VAULT * sizeof *vault);
  GC_word first = GC_get_gc_no();
  for (size_t round = 0; round < VAULT / BATCH || GC_get_gc_no() - first < 10; round++) {
    pass_through_pipe(files, vault + round % (VAULT / BATCH) * BATCH, BATCH, &random);
    look(vault[random_next(&random) % VAULT], &random);
  }
  for (size_t i = 0; i < VAULT; i++)
    look(vault[i], &random);
}

/* A child finds everything as it was, and collects for itself. */
static void in_child(struct node **kept, size_t count, uint64_t random) {
  GC_word first = GC_get_gc_no();
  struct node **slots = GC_MALLOC(SLOTS * sizeof *slots);
  while (GC_get_gc_no() - first < 3)
    step(slots, &random);
  for (size_t i = 0; i < count; i++)
    look(kept[i], &random);
  EXPECT(GC_is_incremental_mode());
  _exit(0);
}

static void test_fork(void) {
  enum { KEPT = 500, CHILDREN = 12 };
  uint64_t random = 7;
  struct node **kept = GC_MALLOC(KEPT * sizeof *kept);
  for (size_t i = 0; i < KEPT; i++)
    kept[i] = make(&random);
  pthread_t ids[WORKERS];
  start_workers(ids);
  for (unsigned i = 0; i < CHILDREN; i++) {
    struct timespec moment = {0, (long)(random_next(&random) % 20000000)};
    nanosleep(&moment, NULL);
    GC_start_incremental_collection();
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0)
      in_child(kept, KEPT, i + 1);
    int status;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT_EQUAL(status, 0);
  }
  wait_for_collections(3);
  join_workers(ids);
  for (size_t i = 0; i < KEPT; i++)
    look(kept[i], &random);
}

static void test_library(const char *path) {
  enum { ROUNDS = 60, STEPS = 2000 };
  uint64_t random = 11;
  struct node **slots = GC_MALLOC(SLOTS * sizeof *slots);
  GC_word first = GC_get_gc_no();
  for (unsigned round = 0; round < ROUNDS || GC_get_gc_no() - first < 10; round++) {
    void *library = dlopen(path, RTLD_NOW);
    EXPECT(library != NULL);
    uintptr_t *(*word)(int);
    *(void **)(void *)&word = dlsym(library, "library_word");
    EXPECT(word != NULL);
    struct node **slot = (struct node **)(void *)word(1);
    *slot = make(&random);
    for (unsigned i = 0; i < STEPS; i++)
      step(slots, &random);
    look(*slot, &random);
    EXPECT(dlclose(library) == 0);
  }
}

static void *live_shortly(void *argument) {
  uint64_t random = (uint64_t)(uintptr_t)argument | 1;
  struct node *list = NULL;
  for (unsigned i = 0; i < 200; i++) {
    struct node *node = make(&random);
    node->to[0] = list;
    list = node;
  }
  for (const struct node *node = list; node != NULL; node = node->to[0])
    EXPECT(pattern_holds(node->content, node->bytes, node->seed));
  return list; /* the next one hangs on to what this one leaves */
}

static void test_threads(void) {
  enum { AT_ONCE = 8 };
  GC_word first = GC_get_gc_no();
  uint64_t random = 13;
  struct node **left = GC_MALLOC(AT_ONCE * sizeof *left);
  for (uintptr_t round = 1; GC_get_gc_no() - first < 40; round++) {
    pthread_t ids[AT_ONCE];
    for (uintptr_t i = 0; i < AT_ONCE; i++)
      EXPECT(pthread_create(&ids[i], NULL, live_shortly, (void *)(round * 64 + i)) == 0);
    for (unsigned i = 0; i < AT_ONCE; i++) {
      void *list;
      EXPECT(pthread_join(ids[i], &list) == 0);
      left[i] = list;
    }
    for (unsigned i = 0; i < AT_ONCE; i++)
      look(left[i], &random);
  }
}

/* A program that closes what it didn't open takes the kernel's notes away in the midst of a cycle. */
static void test_close(void) {
  pthread_t ids[WORKERS];
  start_workers(ids);
  for (unsigned round = 0; round < 2; round++) {
    wait_for_collections(3);
    GC_start_incremental_collection();
    for (int file = STDERR_FILENO + 1; file < 1024; file++)
      close(file);
    wait_for_collections(3);
    EXPECT(GC_is_incremental_mode());
  }
  join_workers(ids);
}

static void test_stopped(void) {
  EXPECT(!GC_is_incremental_mode());
  pthread_t ids[WORKERS];
  start_workers(ids);
  wait_for_collections(10);
  join_workers(ids);
}

int main(int count, char **arguments) {
  GC_INIT();
  GC_enable_incremental();
  GC_word bits[1] = {0};
  for (unsigned i = 0; i < EDGES; i++)
    GC_set_bit(bits, offsetof(struct node, to) / sizeof(void *) + i);
  node_descriptor = GC_make_descriptor(bits, offsetof(struct node, content) / sizeof(void *));
  const char *what = count > 1 ? arguments[1] : "";
  if (strcmp(what, "stopped") == 0)
    return test_stopped(), 0;
  if (!GC_is_incremental_mode()) {
    int file = (int)syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */);
    printf("skipped: userfaultfd gives %s here, or the kernel is older than Linux 6.7\n",
           file < 0 ? strerror(errno) : "a file");
    return SKIPPED;
  }
  if (strcmp(what, "mutate") == 0)
    test_mutate();
  else if (strcmp(what, "read") == 0)
    test_read();
  else if (strcmp(what, "fork") == 0)
    test_fork();
  else if (strcmp(what, "threads") == 0)
    test_threads();
  else if (strcmp(what, "close") == 0)
    test_close();
  else if (strcmp(what, "library") == 0 && count > 2)
    test_library(arguments[2]);
  else
    return 2;
  return 0;
}
