/*
 * What the collector's heap takes beside the objects, and what stays of it when they go.
 *
 *   space_test [MIB]   to drop; 1024 by default
 */
#include "../api/expect.h"

#include "gc/gc.h"

#include <sys/wait.h>

enum { SMALL_OBJECTS = 1000000, SMALL_BYTES = 16, PIECE_BYTES = 64 };

static size_t resident(void) {
  char line[128] = "";
  int file = open("/proc/self/statm", O_RDONLY);
  EXPECT(file >= 0 && read(file, line, sizeof line - 1) > 0);
  close(file);
  char *at = strchr(line, ' ');
  EXPECT(at != NULL);
  return strtoul(at, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* A million objects of 16 bytes, each of which leads to the next. */
static __attribute__((noinline)) void **make_small(void) {
  void **last = NULL;
  for (unsigned i = 0; i < SMALL_OBJECTS; i++) {
    void **object = GC_MALLOC(SMALL_BYTES);
    EXPECT(object != NULL && GC_size(object) == SMALL_BYTES);
    *object = last;
    last = object;
  }
  return last;
}

static void test_small(void) {
  GC_gcollect_and_unmap();
  size_t before = resident(), heap_before = GC_get_heap_size();
  void **volatile objects = make_small();
  size_t taken = resident() - before, heap = GC_get_heap_size() - heap_before;
  printf("1 million objects of 16 bytes: %.2f times 16 MB resident, heap %.2f times\n",
         (double)taken / SMALL_OBJECTS / SMALL_BYTES, (double)heap / SMALL_OBJECTS / SMALL_BYTES);
  EXPECT((double)taken <= 1.2 * SMALL_OBJECTS * SMALL_BYTES);
  unsigned long count = 0;
  for (void **object = objects; object != NULL; object = *object)
    count++;
  EXPECT_EQUAL(count, SMALL_OBJECTS);
}

struct piece {
  struct piece *next;
  char content[PIECE_BYTES - sizeof(struct piece *)];
};

static __attribute__((noinline)) struct piece *make_pieces(size_t bytes) {
  struct piece *list = NULL;
  for (size_t made = 0; made < bytes; made += sizeof *list) {
    struct piece *piece = GC_MALLOC(sizeof *piece);
    EXPECT(piece != NULL);
    memset(piece->content, 1, sizeof piece->content);
    piece->next = list;
    list = piece;
  }
  return list;
}

/* So that no leftover on the stack leads to the list. */
static __attribute__((noinline)) void wipe(void) {
  volatile char space[16384];
  for (size_t i = 0; i < sizeof space; i++)
    space[i] = 0;
}

static void test_drop(size_t bytes) {
  size_t before = resident();
  struct piece *volatile list = make_pieces(bytes);
  size_t peak = resident();
  /* What is in memory beside the objects: descriptors, bitmaps, tables, the chunks of the marker. */
  double beside = ((double)(peak - before) - (double)bytes) / (double)bytes;
  printf("%zu MiB of objects of %d bytes: %.2f %% more resident\n", bytes >> 20, PIECE_BYTES, 100 * beside);
  EXPECT(beside <= 0.02);
  EXPECT(list != NULL && GC_size(list) == PIECE_BYTES);
  list = NULL;
  wipe();
  GC_gcollect();
  GC_gcollect();
  size_t left = resident();
  for (unsigned tries = 0; left > peak / 10 && tries < 200; tries++) { /* what is free is kept for some moments */
    usleep(50000);
    left = resident();
  }
  printf("dropped, after two collections: %zu of %zu MiB resident\n", left >> 20, peak >> 20);
  EXPECT(left <= peak / 10);
}

int main(int count, char **arguments) {
  GC_INIT();
  size_t mib = count > 1 ? strtoul(arguments[1], NULL, 10) : 1024;
  /* Each in a process of its own: what one has left behind would count for the other. */
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    test_small();
    fflush(stdout);
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  test_drop(mib << 20);
  return 0;
}
