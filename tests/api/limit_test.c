/*
 * A heap that reaches its bound says ENOMEM, keeps what it has, and goes on after frees. The bound is the first
 * argument, in MiB: FREEHOLD=limit=64M set by the test's caller, or, with "address" as the second argument, an
 * RLIMIT_AS that this program sets and then starts itself anew under.
 */
#include "expect.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { MOST = 2000000 };
static void **objects;
static size_t bound_bytes;

/* Fills the heap with objects of one size until it says no; returns how many there were. */
static size_t fill(size_t size) {
  size_t count = 0;
  errno = 0;
  while (count < MOST && (objects[count] = API(malloc)(size)) != NULL) {
    memset(objects[count], (int)(count & 0xff), size);
    count++;
  }
  EXPECT(count < MOST);
  EXPECT_EQUAL(errno, ENOMEM);
  return count;
}

static void check_and_free(size_t count, size_t size) {
  for (size_t i = 0; i < count; i++) {
    EXPECT(all_bytes_are(objects[i], (unsigned char)(i & 0xff), size));
    API(free)(objects[i]);
  }
}

static void *fill_in_thread(void *argument) {
  (void)argument;
  enum { ROOM = 4000 };
  void *own[ROOM];
  for (int round = 0; round < 30; round++) {
    int count = 0;
    while (count < ROOM && (own[count] = API(malloc)(9000)) != NULL) {
      memset(own[count], round, 9000);
      count++;
    }
    for (int i = 0; i < count; i++) {
      EXPECT(all_bytes_are(own[i], (unsigned char)round, 9000));
      API(free)(own[i]);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  bound_bytes = (size_t)strtoul(argv[1], NULL, 10) << 20;
  bool address = argc > 2 && strcmp(argv[2], "address") == 0;
  if (address) {
    struct rlimit limit = {bound_bytes, bound_bytes};
    EXPECT_EQUAL(setrlimit(RLIMIT_AS, &limit), 0);
    execl("/proc/self/exe", argv[0], argv[1], "under", (char *)NULL);
    return 3;
  }
  bool under = argc > 2 && strcmp(argv[2], "under") == 0;
  static void *object_room[MOST];
  objects = object_room;

  const size_t sizes[] = {bound_bytes <= (size_t)100 << 20 ? 64 : 400, 1000, 20000, 300000, 5000000};
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      size_t count = fill(sizes[i]);
      size_t bytes = count * sizes[i];
      printf("%zu objects of %zu bytes: %zu MiB\n", count, sizes[i], bytes >> 20);
      EXPECT(bytes <= bound_bytes);
      /* Not all can be objects; an address limit is shared with the program's image and stacks, too. */
      EXPECT(bytes >= bound_bytes * (under ? 2 : 5) / 8);
      /* realloc that can't grow leaves the object as it was. */
      errno = 0;
      EXPECT(API(realloc)(objects[0], bound_bytes) == NULL && errno == ENOMEM);
      /* One freed makes room for one. */
      API(free)(objects[count - 1]);
      objects[count - 1] = API(malloc)(sizes[i]);
      EXPECT(objects[count - 1]);
      memset(objects[count - 1], (int)((count - 1) & 0xff), sizes[i]);
      check_and_free(count, sizes[i]);
    }
  errno = 0;
  EXPECT(API(malloc)(bound_bytes + 1) == NULL && errno == ENOMEM);
  errno = 0;
  EXPECT(API(calloc)(1, bound_bytes) == NULL && errno == ENOMEM);

  pthread_t threads[4];
  pthread_attr_t attributes;
  EXPECT_EQUAL(pthread_attr_init(&attributes), 0);
  EXPECT_EQUAL(pthread_attr_setstacksize(&attributes, 512 * 1024), 0);
  for (int i = 0; i < 4; i++)
    EXPECT_EQUAL(pthread_create(&threads[i], &attributes, fill_in_thread, NULL), 0);
  for (int i = 0; i < 4; i++)
    EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);

  /* A child of fork has the same bound. */
  fflush(stdout);
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    size_t count = fill(1000);
    EXPECT(count * 1000 <= bound_bytes);
    check_and_free(count, 1000);
    _exit(0);
  }
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  puts("ok");
  return 0;
}
