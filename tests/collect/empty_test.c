/*
 * Memory as a program gets it from the collecting library, preloaded: empty, whoever had it before, so that nothing in it
 * keeps what is lost; and as little of it resident after a collection as before.
 */
#include "../api/expect.h"

enum { ROUNDS = 60, OBJECTS = 400 };
#define MIB ((size_t)1 << 20)

static void fill(void *object) {
  memset(object, 0xa5, malloc_usable_size(object));
}

static void expect_empty(const void *object, size_t from) {
  const unsigned char *bytes = object;
  size_t end = malloc_usable_size((void *)object);
  for (size_t i = from; i < end; i++)
    EXPECT_EQUAL(bytes[i], 0);
}

static size_t any_size(uint64_t *random) {
  unsigned kind = (unsigned)(random_next(random) % 100);
  size_t most = kind < 60 ? 300 : kind < 85 ? 9000 : kind < 97 ? 70000 : kind < 99 ? 600000 : 3000000;
  return random_next(random) % most;
}

/* Some are freed, the others lost, all of them full. */
static void test_reused(void) {
  uint64_t random = 1;
  for (unsigned round = 0; round < ROUNDS; round++)
    for (unsigned i = 0; i < OBJECTS; i++) {
      size_t size = any_size(&random);
      void *object = i % 7 == 0 ? aligned_alloc(64, (size + 63) / 64 * 64 + 64) : malloc(size);
      EXPECT(object != NULL);
      expect_empty(object, 0);
      fill(object);
      if (i % 2 == 0)
        free(object);
    }
}

static void test_grown(void) {
  uint64_t random = 2;
  for (unsigned round = 0; round < ROUNDS * OBJECTS / 8; round++) {
    void *object = malloc(any_size(&random));
    EXPECT(object != NULL);
    for (unsigned i = 0; i < 3; i++) {
      size_t before = malloc_usable_size(object);
      fill(object);
      object = realloc(object, any_size(&random) + 1);
      EXPECT(object != NULL);
      if (malloc_usable_size(object) > before)
        expect_empty(object, before);
    }
    fill(object);
    if (round % 2 == 0)
      free(object);
  }
}

/* Of /proc/self/status, in bytes. */
static size_t status(const char *name) {
  char text[4096] = "";
  int file = open("/proc/self/status", O_RDONLY);
  EXPECT(file >= 0 && read(file, text, sizeof text - 1) > 0);
  close(file);
  const char *at = strstr(text, name);
  EXPECT(at != NULL);
  return strtoul(at + strlen(name), NULL, 10) << 10;
}

static char **volatile sparse;

/* An object of which three pages were written to: a collection reads those, and finds what they reach. Were it to read the
 * others, they would get entries in the tables of pages at least, 8 bytes for each. */
static void test_sparse(void) {
  enum { KEPT = 3 };
  size_t bytes = 256 * MIB;
  sparse = malloc(bytes);
  EXPECT(sparse != NULL);
  size_t count = bytes / sizeof *sparse;
  const size_t places[KEPT] = {1, count / 2 + 5, count - 1};
  for (unsigned i = 0; i < KEPT; i++) {
    sparse[places[i]] = malloc(200);
    fill(sparse[places[i]]);
  }
  size_t resident = status("VmRSS:"), tables = status("VmPTE:");
  for (unsigned i = 0; i < 200; i++) /* collections come with what is handed out */
    fill(malloc(2 * MIB));
  size_t resident_more = status("VmRSS:"), tables_more = status("VmPTE:");
  printf("256 MiB of which three pages were written to: resident %zu -> %zu KiB, tables %zu -> %zu KiB\n",
         resident >> 10, resident_more >> 10, tables >> 10, tables_more >> 10);
  EXPECT(resident_more < resident + 64 * MIB);
  EXPECT(tables_more < tables + bytes / 4096 * 8 / 2);
  for (unsigned i = 0; i < KEPT; i++)
    for (unsigned byte = 0; byte < 200; byte++)
      EXPECT_EQUAL((unsigned char)sparse[places[i]][byte], 0xa5);
}

int main(void) {
  test_reused();
  test_grown();
  test_sparse();
  return 0;
}
