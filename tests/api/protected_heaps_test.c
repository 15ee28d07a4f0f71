/*
 * Heaps that can be closed, and heaps of secrets (freehold.h, FH_HEAP_PROTECTED and FH_HEAP_SECRET): what they promise,
 * what faults and with which words, what others can see of secrets, and what is done where the kernel has less.
 *
 *   protected_heaps_test          all of it; faults happen in children
 *   protected_heaps_test hold     makes a heap of secrets, says its process id, and waits (for core_dump_test.sh)
 *
 * Built with TEST_KERNEL it is linked with the library's inside and first takes memfd_secret from it, then lets other calls
 * fail.
 */
#include "expect.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifdef TEST_KERNEL
#include "space/kernel.h"
#endif

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#ifdef TEST_EMULATED
static const bool emulated = true;
#else
static const bool emulated = false;
#endif

static enum fh_secrecy best; /* what this kernel can do for secrets */

static fh_heap *make(unsigned flags, size_t limit, const char *name) {
  struct fh_heap_options options = {
      .struct_bytes = sizeof options, .limit_bytes = limit, .name = name, .flags = flags};
  return fh_heap_create(&options);
}

static fh_heap *make_sure(unsigned flags, const char *name) {
  fh_heap *heap = make(flags, 1u << 20, name);
  EXPECT(heap);
  return heap;
}

/* ---- children that fault ---- */

struct outcome {
  int status;
  char text[4096];
};

/* Runs `body` in a child and gathers what it writes to standard error. */
static struct outcome run(void (*body)(void)) {
  struct outcome outcome;
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]), close(ends[1]);
    alarm(60);
    body();
    _exit(0);
  }
  close(ends[1]);
  size_t length = 0;
  ssize_t got;
  while (length < sizeof outcome.text - 1 &&
         (got = read(ends[0], outcome.text + length, sizeof outcome.text - 1 - length)) > 0)
    length += (size_t)got;
  outcome.text[length] = '\0';
  close(ends[0]);
  EXPECT_EQUAL(waitpid(child, &outcome.status, 0), child);
  return outcome;
}

static void complain(const char *name, const char *wanted, const struct outcome *outcome) {
  fprintf(stderr, "%s: expected %s; status 0x%x, said:\n%s\n", name, wanted, (unsigned)outcome->status,
          outcome->text);
  exit(1);
}

static void expect_signal(const char *name, void (*body)(void), int number, const char *const *words) {
  struct outcome outcome = run(body);
  if (!WIFSIGNALED(outcome.status) || WTERMSIG(outcome.status) != number)
    complain(name, strsignal(number), &outcome);
  for (; *words != NULL; words++)
    if (strstr(outcome.text, *words) == NULL)
      complain(name, *words, &outcome);
}

static void expect_silent_exit(const char *name, void (*body)(void), int code) {
  struct outcome outcome = run(body);
  if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != code || outcome.text[0] != '\0')
    complain(name, "silence, and its own exit code", &outcome);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static volatile char sink;

static char *closed_object(enum fh_heap_access access) {
  fh_heap *heap = make_sure(FH_HEAP_PROTECTED, "ledger");
  char *object = fh_heap_malloc(heap, 64);
  EXPECT(object);
  memset(object, 7, 64);
  EXPECT_EQUAL(fh_heap_protect(heap, access), 0);
  return object;
}

static void read_closed(void) {
  sink = closed_object(FH_HEAP_NO_ACCESS)[24];
}
static void write_closed(void) {
  closed_object(FH_HEAP_NO_ACCESS)[24] = 1;
}
static void write_read_only(void) {
  closed_object(FH_HEAP_READ_ONLY)[0] = 1;
}
static void read_read_only(void) {
  EXPECT(all_bytes_are(closed_object(FH_HEAP_READ_ONLY), 7, 64));
}
static void open_again(void) {
  fh_heap *heap = make_sure(FH_HEAP_PROTECTED, NULL);
  char *object = fh_heap_calloc(heap, 1, 64);
  EXPECT(object);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_NO_ACCESS), 0);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_READ_WRITE), 0);
  object[3] = 1;
  EXPECT_EQUAL(object[3], 1);
}
/* The heap is open: what strays into it from below or runs off its end meets its guards all the same. */
static void run_into_guard_below(void) {
  char *volatile object = closed_object(FH_HEAP_READ_WRITE);
  object[-8] = 1;
}
static void run_off_the_end(void) {
  fh_heap *heap = make_sure(FH_HEAP_PROTECTED, "ledger");
  size_t bytes = 1u << 20;
  char *volatile object = fh_heap_malloc(heap, bytes);
  EXPECT(object);
  memset(object, 1, bytes);
  sink = object[bytes + 5];
}
static void read_closed_secret(void) {
  fh_heap *heap = make_sure(FH_HEAP_SECRET, "keys");
  char *object = fh_heap_malloc(heap, 40);
  EXPECT(object);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_NO_ACCESS), 0);
  sink = object[1];
}
static void null_pointer(void) {
  closed_object(FH_HEAP_NO_ACCESS);
  sink = *(volatile char *)opaque_pointer(NULL);
}
static void signal_sent(void) {
  closed_object(FH_HEAP_NO_ACCESS);
  kill(getpid(), SIGSEGV);
  pause();
}
static void own_handler(int number) {
  _exit(number == SIGSEGV ? 42 : 43);
}
static void own_handler_before(void) {
  signal(SIGSEGV, own_handler);
  read_closed();
}
static void own_handler_after(void) {
  char *object = closed_object(FH_HEAP_NO_ACCESS);
  signal(SIGSEGV, own_handler);
  sink = *object;
}

static void free_closed(void) {
  API(free)(closed_object(FH_HEAP_READ_ONLY));
}
static void realloc_closed(void) {
  sink = API(realloc)(closed_object(FH_HEAP_NO_ACCESS), 100) != NULL;
}
static void free_interior(void) {
  API(free)(opaque_pointer(closed_object(FH_HEAP_READ_WRITE) + 16));
}
static void free_twice(void) {
  char *object = closed_object(FH_HEAP_READ_WRITE);
  API(free)(object);
  API(free)(opaque_pointer(object));
}
static void free_of_other_heap(void) {
  fh_heap *other = make_sure(FH_HEAP_PROTECTED, "other");
  fh_heap_free(other, closed_object(FH_HEAP_READ_WRITE));
}
static void realloc_into_other_heap(void) {
  sink = fh_heap_realloc(fh_heap_create(NULL), closed_object(FH_HEAP_READ_WRITE), 100) != NULL;
}

/* An emulator leaves out the part of a signal's context that tells reads from writes. */
#define ACCESS(word) (emulated ? "an access" : (word))

static void test_faults(void) {
  static const char error[] = "freehold: error[protected-heap]: ";
  static const char code[] = "protected_heaps"; /* the file that the faulting instruction is in */
  expect_signal(
      "read_closed", read_closed, SIGSEGV,
      WORDS(error, ACCESS("read at 0x"), "24 bytes into an object of 64 bytes of the heap ledger", "closed", code));
  expect_signal("write_closed", write_closed, SIGSEGV,
                WORDS(error, ACCESS("write at 0x"), "24 bytes into", "closed"));
  expect_signal("write_read_only", write_read_only, SIGSEGV,
                WORDS(error, ACCESS("write at"), "may only be read", "what to do"));
  expect_signal("guard below", run_into_guard_below, SIGSEGV,
                WORDS(error, "8 bytes before the start of the heap ledger", "guard pages"));
  expect_signal("guard behind", run_off_the_end, SIGSEGV,
                WORDS(error, "5 bytes behind the end of an object of 1048576 bytes", "guard pages"));
  expect_signal("secret", read_closed_secret, SIGSEGV, WORDS(error, "the heap keys", "closed"));
  expect_silent_exit("read_read_only", read_read_only, 0);
  expect_silent_exit("open_again", open_again, 0);

  struct outcome outcome = run(null_pointer);
  if (!WIFSIGNALED(outcome.status) || WTERMSIG(outcome.status) != SIGSEGV || strstr(outcome.text, "freehold"))
    complain("null_pointer", "a silent SIGSEGV", &outcome);
  outcome = run(signal_sent);
  if (!WIFSIGNALED(outcome.status) || WTERMSIG(outcome.status) != SIGSEGV || strstr(outcome.text, "freehold"))
    complain("signal_sent", "a silent SIGSEGV", &outcome);
  expect_silent_exit("own_handler_before", own_handler_before, 42);
  expect_silent_exit("own_handler_after", own_handler_after, 42);
}

static void test_misuse(void) {
  expect_signal("free_closed", free_closed, SIGABRT,
                WORDS("free(0x", "an object of 64 bytes of the heap ledger", "read"));
  expect_signal("realloc_closed", realloc_closed, SIGABRT, WORDS("realloc(0x", "the heap ledger, which is closed"));
  expect_signal("free_interior", free_interior, SIGABRT, WORDS("free(0x", "16 bytes inside an object"));
  expect_signal("free_twice", free_twice, SIGABRT, WORDS("free(0x", "already free"));
  expect_signal("free_of_other_heap", free_of_other_heap, SIGABRT, WORDS("fh_heap_free(0x", "wrong heap", "ledger"));
  expect_signal("realloc_into_other_heap", realloc_into_other_heap, SIGABRT,
                WORDS("fh_heap_realloc(0x", "wrong heap", "ledger"));
}

/* With on_misuse=report the call is ignored, and the object is as it was. Started anew by main. */
static int go_on_after_misuse(void) {
  fh_heap *heap = make_sure(FH_HEAP_PROTECTED, "ledger");
  char *object = fh_heap_malloc(heap, 64);
  EXPECT(object);
  memset(object, 9, 64);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_READ_ONLY), 0);
  API(free)(object);
  fh_heap_free(heap, object);
  struct fh_heap_totals totals;
  EXPECT_EQUAL(fh_heap_statistics(heap, &totals), 0);
  EXPECT_EQUAL(totals.live_objects, 1);
  EXPECT(all_bytes_are(object, 9, 64));
  return 33;
}

/* ---- promises ---- */

static void test_arguments(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .flags = 1u << 20};
  EXPECT(!fh_heap_create(&options));
  EXPECT_EQUAL(errno, EINVAL);
  options.flags = FH_HEAP_MAY_SWAP; /* of what is no secret */
  EXPECT(!fh_heap_create(&options));
  EXPECT_EQUAL(errno, EINVAL);
  /* A program that was built when the struct ended before the flags. */
  options.flags = ~0u;
  options.struct_bytes = offsetof(struct fh_heap_options, flags);
  fh_heap *old = fh_heap_create(&options);
  EXPECT(old);
  errno = 0;
  EXPECT_EQUAL(fh_heap_protect(old, FH_HEAP_READ_ONLY), -1);
  EXPECT_EQUAL(errno, ENOTSUP);
  EXPECT_EQUAL(fh_heap_secrecy(old), FH_SECRECY_NONE);
  fh_heap_destroy(old);
  EXPECT_EQUAL(fh_heap_protect(NULL, FH_HEAP_READ_ONLY), -1);
  EXPECT_EQUAL(errno, EINVAL);
  fh_heap *heap = make_sure(FH_HEAP_PROTECTED, NULL);
  EXPECT_EQUAL(fh_heap_protect(heap, (enum fh_heap_access)3), -1);
  EXPECT_EQUAL(errno, EINVAL);
  EXPECT_EQUAL(fh_heap_secrecy(heap), FH_SECRECY_NONE);
  fh_heap_destroy(heap);
  EXPECT(!make(FH_HEAP_PROTECTED, SIZE_MAX / 2, NULL));
  EXPECT_EQUAL(errno, ENOMEM);
}

static void test_closed_calls(void) {
  fh_heap *heap = make_sure(FH_HEAP_PROTECTED, "closed");
  char *object = fh_heap_malloc(heap, 100);
  EXPECT(object);
  for (int access = FH_HEAP_READ_ONLY; access <= FH_HEAP_NO_ACCESS; access++) {
    EXPECT_EQUAL(fh_heap_protect(heap, (enum fh_heap_access)access), 0);
    errno = 0;
    EXPECT(!fh_heap_malloc(heap, 10));
    EXPECT_EQUAL(errno, EACCES);
    errno = 0;
    EXPECT(!fh_heap_calloc(heap, 2, 10));
    EXPECT_EQUAL(errno, EACCES);
    errno = 0;
    EXPECT(!fh_heap_aligned_alloc(heap, 64, 10));
    EXPECT_EQUAL(errno, EACCES);
    errno = 0;
    EXPECT(!fh_heap_realloc(heap, object, 10));
    EXPECT_EQUAL(errno, EACCES);
    EXPECT_EQUAL(API(malloc_usable_size)(object), 112);
    struct fh_heap_totals totals;
    EXPECT_EQUAL(fh_heap_statistics(heap, &totals), 0);
    EXPECT_EQUAL(totals.live_objects, 1);
    EXPECT_EQUAL(totals.limit_bytes, 1u << 20);
  }
  /* The kernel, too, is kept out. */
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  EXPECT_EQUAL(write(ends[1], "x", 1), 1);
  EXPECT_EQUAL(read(ends[0], object, 1), -1);
  EXPECT_EQUAL(errno, EFAULT);
  close(ends[0]), close(ends[1]);
  fh_heap_destroy(heap); /* closed as it is */
}

enum { SLOTS = 300 };

/* Any order of calls, against what the test knows. */
static void test_random_calls(unsigned flags) {
  struct {
    char *object;
    size_t bytes;
  } slots[SLOTS] = {{NULL, 0}};
  uint64_t random = flags;
  size_t limit = flags == FH_HEAP_PROTECTED ? 4u << 20 : 1u << 16, live = 0, failed = 0;
  unsigned high = flags == FH_HEAP_PROTECTED ? 17 : 10;
  fh_heap *heap = make(flags, limit, "random");
  EXPECT(heap);
  for (int step = 0; step < (emulated ? 3000 : 30000); step++) {
    size_t number = random_next(&random) % SLOTS, bytes = random_size(&random, 0, high);
    char **object = &slots[number].object;
    size_t before = slots[number].bytes;
    if (*object)
      EXPECT(pattern_holds(*object, before, number));
    if (!*object) {
      unsigned alignment_shift = (unsigned)(random_next(&random) % 13);
      if (step % 3 == 0) {
        *object = fh_heap_aligned_alloc(heap, (size_t)1 << alignment_shift, bytes);
        EXPECT_ALIGNED(*object, (size_t)1 << alignment_shift);
      } else if (step % 3 == 1) {
        *object = fh_heap_calloc(heap, 1, bytes);
        EXPECT(!*object || all_bytes_are(*object, 0, bytes));
      } else {
        *object = fh_heap_malloc(heap, bytes);
      }
      live += *object != NULL;
    } else if (step % 2 == 0) {
      char *moved = step % 4 == 0 ? API(realloc)(*object, bytes) : fh_heap_realloc(heap, *object, bytes);
      if (!moved) {
        EXPECT(pattern_holds(*object, before, number));
        EXPECT_EQUAL(errno, ENOMEM);
        failed++;
        continue;
      }
      EXPECT(pattern_holds(moved, bytes < before ? bytes : before, number));
      *object = moved;
    } else {
      if (step % 4 == 1)
        API(free)(*object);
      else
        fh_heap_free(heap, *object);
      *object = NULL;
      live--;
    }
    if (*object) {
      slots[number].bytes = bytes;
      EXPECT_ALIGNED(*object, 16);
      EXPECT(API(malloc_usable_size)(*object) >= bytes);
      EXPECT(API(malloc_usable_size)(*object) < bytes + 32);
      pattern_fill(*object, bytes, number);
    } else {
      failed += errno == ENOMEM;
    }
    struct fh_heap_totals totals;
    EXPECT_EQUAL(fh_heap_statistics(heap, &totals), 0);
    EXPECT_EQUAL(totals.live_objects, live);
    EXPECT(totals.live_bytes <= totals.held_bytes && totals.held_bytes <= limit);
    errno = 0;
  }
  EXPECT(failed != 0); /* the limit was met */
  for (size_t i = 0; i < SLOTS; i++)
    fh_heap_free(heap, slots[i].object);
  struct fh_heap_totals totals;
  EXPECT_EQUAL(fh_heap_statistics(heap, &totals), 0);
  EXPECT_EQUAL(totals.live_objects, 0);
  EXPECT_EQUAL(totals.live_bytes, 0);
  /* Nothing has been lost on the way: the whole limit can be had in one piece. */
  EXPECT(fh_heap_malloc(heap, limit));
  EXPECT(!fh_heap_malloc(heap, 1));
  fh_heap_destroy(heap);
}

/* Large objects give their pages back when they are freed, and come as zeros from a zeroed heap. */
static void test_zeroed(void) {
  struct fh_heap_options options = {.struct_bytes = sizeof options, .zeroed = true, .flags = FH_HEAP_PROTECTED};
  fh_heap *heap = fh_heap_create(&options);
  EXPECT(heap);
  for (int round = 0; round < 3; round++) {
    char *object = fh_heap_malloc(heap, 32u << 20);
    EXPECT(object);
    EXPECT(all_bytes_are(object, 0, 32u << 20));
    memset(object, 5, 32u << 20);
    size_t before = status_kib("VmRSS:");
    fh_heap_free(heap, object);
    EXPECT(before == 0 || status_kib("VmRSS:") + 24 * 1024 < before);
  }
  fh_heap_destroy(heap);
}

static fh_heap *shared;
static bool stop;

static void *allocate_and_free(void *argument) {
  uint64_t random = (uintptr_t)argument;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    char *object = fh_heap_calloc(shared, 1, 1 + random_next(&random) % 3000);
    EXPECT(object || errno == EACCES || errno == ENOMEM);
    if (object)
      fh_heap_free(shared, object);
  }
  return NULL;
}

/* Threads allocate while the heap is made read-only and opened again; their frees wait for neither. */
static void *look_around(void *argument) {
  (void)argument;
  while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
    fh_heap *passing = make(FH_HEAP_PROTECTED, 1u << 16, "passing");
    EXPECT(passing);
    void *object = fh_heap_malloc(passing, 100);
    EXPECT_EQUAL(fh_heap_protect(passing, FH_HEAP_NO_ACCESS), 0);
    EXPECT_EQUAL(API(malloc_usable_size)(object), 112);
    fh_heap_destroy(passing);
  }
  return NULL;
}

static void test_threads(void) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  shared = make_sure(FH_HEAP_PROTECTED, "shared");
  stop = false;
  for (uintptr_t i = 0; i < THREADS; i++)
    EXPECT_EQUAL(pthread_create(&threads[i], NULL, i == 0 ? look_around : allocate_and_free, (void *)(i + 1)), 0);
  for (int round = 0; round < 2000; round++) {
    struct fh_heap_totals totals;
    EXPECT_EQUAL(fh_heap_statistics(shared, &totals), 0);
    EXPECT(totals.live_objects < THREADS);
  }
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  for (int i = 0; i < THREADS; i++)
    EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);
  EXPECT_EQUAL(fh_heap_protect(shared, FH_HEAP_NO_ACCESS), 0);
  fh_heap_destroy(shared);
}

/* ---- secrets ---- */

/* Whether the flag stands in the line VmFlags of the mapping that has `address`; -1 when smaps can't be read, or tells of
 * an emulator's own mappings. */
static int has_flag(const void *address, const char *flag) {
  int result = -1;
  FILE *maps = emulated ? NULL : fopen("/proc/self/smaps", "r");
  char line[4096];
  bool inside = false;
  while (maps && result < 0 && fgets(line, sizeof line, maps)) {
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
      inside = (uintptr_t)address >= start && (uintptr_t)address < end;
    else if (inside && strncmp(line, "VmFlags:", 8) == 0)
      result = strstr(line, flag) != NULL;
  }
  if (maps)
    fclose(maps);
  return result;
}

/* Whether the program itself can read the byte through the kernel, as a debugger would. */
static bool readable_by_kernel(const void *address) {
  int fd = open("/proc/self/mem", O_RDONLY);
  EXPECT(fd >= 0);
  char byte;
  ssize_t got = pread(fd, &byte, 1, (off_t)(uintptr_t)address);
  close(fd);
  return got == 1;
}

static void check_pages(const char *object, enum fh_secrecy secrecy) {
  EXPECT(has_flag(object, " dd") != 0); /* no core dump has it */
  if (secrecy == FH_SECRECY_HIDDEN)
    EXPECT(!readable_by_kernel(object));
  if (secrecy != FH_SECRECY_UNLOCKED)
    EXPECT(has_flag(object, " lo") != 0);
  if (secrecy != FH_SECRECY_HIDDEN)
    EXPECT(has_flag(object, " wf") != 0);
}

static void test_secrets(void) {
  fh_heap *heap = make_sure(FH_HEAP_SECRET, "keys");
  EXPECT_EQUAL(fh_heap_secrecy(heap), best);
  char *object = fh_heap_malloc(heap, 6000), *other = fh_heap_malloc(heap, 32);
  EXPECT(object && other);
  memset(object, 's', 6000);
  memset(other, 't', 32);
  check_pages(object, best);
  /* Overwritten as soon as they are freed, shrunk or moved. */
  char *shrunk = fh_heap_realloc(heap, object, 1000);
  EXPECT_EQUAL(shrunk, object);
  EXPECT(all_bytes_are(object, 's', 1000) && all_bytes_are(object + 1008, 0, 4992));
  char *moved = API(realloc)(object, 20000);
  EXPECT(moved && moved != object && all_bytes_are(moved, 's', 1000));
  EXPECT(all_bytes_are((char *)opaque_pointer(object), 0, 1008));
  API(free)(moved);
  EXPECT(all_bytes_are((char *)opaque_pointer(moved), 0, 20000));
  EXPECT(all_bytes_are(other, 't', 32));
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_NO_ACCESS), 0);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_READ_ONLY), 0);
  EXPECT(all_bytes_are(other, 't', 32));
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_NO_ACCESS), 0);
  fh_heap_destroy(heap);
}

static fh_heap *forked;
static char *forked_object;
static int ends[2];

static void look_in_child(void) {
  EXPECT(all_bytes_are(forked_object, 0, 9000));
  EXPECT_EQUAL(fh_heap_secrecy(forked), best);
  check_pages(forked_object, best);
  memset(forked_object, 'c', 9000);
  char *more = fh_heap_malloc(forked, 50000);
  EXPECT(more);
  memset(more, 'd', 50000);
  check_pages(more, best);
  fh_heap_free(forked, forked_object);
  fh_heap_destroy(forked);
}

/* A child that the library doesn't hear of. */
static int raw_fork(void) {
#ifdef SYS_fork
  return (int)syscall(SYS_fork);
#else
  return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

static void test_fork(void) {
  forked = make_sure(FH_HEAP_SECRET, "keys");
  forked_object = fh_heap_malloc(forked, 9000);
  EXPECT(forked_object);
  memset(forked_object, 'p', 9000);
  expect_silent_exit("fork", look_in_child, 0);
  EXPECT(all_bytes_are(forked_object, 'p', 9000)); /* what the child wrote is not here */

  EXPECT_EQUAL(pipe(ends), 0);
  int child = raw_fork();
  if (child == 0) {
    char seen;
    struct iovec to = {&seen, 1}, from = {forked_object, 1};
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    _exit(got == 1 && seen != 0 ? 1 : 0); /* nothing is there, or zeros are */
  }
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT_EQUAL(status, 0);
  close(ends[0]), close(ends[1]);

  /* Closed, and a child's still. */
  EXPECT_EQUAL(fh_heap_protect(forked, FH_HEAP_NO_ACCESS), 0);
  child = fork();
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    close(STDERR_FILENO);
    sink = *forked_object;
    _exit(0);
  }
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  EXPECT_EQUAL(fh_heap_protect(forked, FH_HEAP_READ_WRITE), 0);
  EXPECT(all_bytes_are(forked_object, 'p', 9000));
  fh_heap_destroy(forked);

  /* What is no secret is inherited with its contents. */
  fh_heap *plain = make_sure(FH_HEAP_PROTECTED, NULL);
  char *object = fh_heap_malloc(plain, 100);
  memset(object, 'q', 100);
  EXPECT_EQUAL(fh_heap_protect(plain, FH_HEAP_READ_ONLY), 0);
  child = fork();
  if (child == 0)
    _exit(all_bytes_are(object, 'q', 100) && fh_heap_malloc(plain, 1) == NULL && errno == EACCES ? 0 : 1);
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT_EQUAL(status, 0);
  fh_heap_destroy(plain);
}

/* ---- little memory may be locked ---- */

/* Gives up CAP_IPC_LOCK, which makes RLIMIT_MEMLOCK count. */
static bool drop_right_to_lock(void) {
  enum { CAPABILITY_VERSION = 0x20080522, IPC_LOCK = 14 };
  struct {
    uint32_t version;
    int pid;
  } head = {CAPABILITY_VERSION, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2];
  if (syscall(SYS_capget, &head, data) != 0)
    return false;
  data[0].effective &= ~(1u << IPC_LOCK);
  return syscall(SYS_capset, &head, data) == 0;
}

static void set_lockable(size_t bytes) {
  struct rlimit limit = {bytes, bytes};
  EXPECT_EQUAL(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

static void lock_nothing(void) {
  set_lockable(0);
  errno = 0;
  EXPECT(!make(FH_HEAP_SECRET, 1u << 20, "keys"));
  EXPECT(errno == EPERM || errno == ENOMEM || errno == EAGAIN);
  fh_heap *heap = make(FH_HEAP_SECRET | FH_HEAP_MAY_SWAP, 1u << 20, "keys");
  EXPECT(heap);
  EXPECT_EQUAL(fh_heap_secrecy(heap), FH_SECRECY_UNLOCKED);
  char *object = fh_heap_malloc(heap, 100000);
  EXPECT(object);
  memset(object, 's', 100000);
  check_pages(object, FH_SECRECY_UNLOCKED);
  fh_heap_free(heap, object);
  EXPECT(all_bytes_are((char *)opaque_pointer(object), 0, 100000));
  fh_heap_destroy(heap);
}

static size_t fill(fh_heap *heap) {
  size_t count = 0;
  while (fh_heap_malloc(heap, 4096) != NULL)
    count++;
  EXPECT_EQUAL(errno, ENOMEM);
  return count;
}

static void lock_little(void) {
  size_t before = status_kib("VmLck:");
  set_lockable((before + 64) * 1024);
  fh_heap *heap = make_sure(FH_HEAP_SECRET, "keys");
  size_t count = fill(heap);
  EXPECT(count >= 1 && count <= 16);
  EXPECT_EQUAL(fh_heap_secrecy(heap), best);
  fh_heap_destroy(heap);
  heap = make_sure(FH_HEAP_SECRET | FH_HEAP_MAY_SWAP, "keys");
  EXPECT_EQUAL(fh_heap_secrecy(heap), best);
  EXPECT_EQUAL(fill(heap), 256);
  EXPECT_EQUAL(fh_heap_secrecy(heap), FH_SECRECY_UNLOCKED);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_NO_ACCESS), 0);
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_READ_WRITE), 0);
  fh_heap_destroy(heap);
}

static void test_lock_limits(void) {
  if (!drop_right_to_lock()) {
    puts("skipped: limits on locked memory (the right to lock can't be given up here)");
    return;
  }
  expect_silent_exit("lock_nothing", lock_nothing, 0);
  expect_silent_exit("lock_little", lock_little, 0);
}

/* ---- kernels that have less ---- */

#ifdef TEST_KERNEL
static int no_secret(uintptr_t address, size_t bytes, bool over) {
  (void)address, (void)bytes, (void)over;
  return -ENOSYS;
}
static intptr_t no_reserve(size_t bytes) {
  (void)bytes;
  return -ENOMEM;
}
static int no_pages(uintptr_t address, size_t bytes) {
  (void)address, (void)bytes;
  return -ENOMEM;
}
static int no_advice(uintptr_t address, size_t bytes) {
  (void)address, (void)bytes;
  return -EINVAL;
}

static void expect_no_heap(unsigned flags, int wanted) {
  errno = 0;
  EXPECT(!make(flags, 1u << 20, "sick"));
  EXPECT_EQUAL(errno, wanted);
}

static void test_sick_kernel(void) {
  struct kernel well = kernel;
  kernel.reserve = no_reserve;
  expect_no_heap(FH_HEAP_PROTECTED, ENOMEM);
  kernel = well;
  kernel.commit = no_pages;
  expect_no_heap(FH_HEAP_PROTECTED, ENOMEM);
  kernel = well;
  kernel.keep_to_self = no_advice; /* Linux before 4.14: a child would see them */
  expect_no_heap(FH_HEAP_SECRET, EINVAL);
  kernel = well;
  kernel.lock_pages = no_pages;
  expect_no_heap(FH_HEAP_SECRET, ENOMEM);
  fh_heap *heap = make_sure(FH_HEAP_SECRET | FH_HEAP_MAY_SWAP, "sick");
  EXPECT_EQUAL(fh_heap_secrecy(heap), FH_SECRECY_UNLOCKED);
  fh_heap_destroy(heap);
  kernel = well;

  /* An access that can't be changed stays as it was. */
  heap = make_sure(FH_HEAP_PROTECTED, "sick");
  char *object = fh_heap_malloc(heap, 10);
  EXPECT(object);
  kernel.read_only = no_pages;
  EXPECT_EQUAL(fh_heap_protect(heap, FH_HEAP_READ_ONLY), -1);
  EXPECT_EQUAL(errno, ENOMEM);
  object[0] = 1;
  EXPECT(fh_heap_malloc(heap, 10));
  kernel = well;

  /* The heap has its first pages; no more come. */
  kernel.commit = no_pages;
  errno = 0;
  EXPECT(!fh_heap_malloc(heap, 500000));
  EXPECT_EQUAL(errno, ENOMEM);
  EXPECT(fh_heap_malloc(heap, 10));
  kernel = well;
  EXPECT(fh_heap_malloc(heap, 500000));
  fh_heap_destroy(heap);
}

/* A child in which the secrets' pages can't be locked again: they stay closed. */
static void test_child_that_may_not_lock(void) {
  struct kernel well = kernel;
  fh_heap *heap = make_sure(FH_HEAP_SECRET, "keys");
  char *object = fh_heap_malloc(heap, 100);
  EXPECT(object);
  memset(object, 's', 100);
  kernel.lock_pages = no_pages;
  pid_t child = fork();
  if (child == 0) {
    bool kept = fh_heap_malloc(heap, 1) == NULL && errno == EACCES;
    kept = kept && fh_heap_protect(heap, FH_HEAP_READ_WRITE) == -1 && errno == ENOMEM && has_flag(object, " rd") == 0;
    fh_heap_destroy(heap);
    _exit(kept ? 0 : 1);
  }
  kernel = well;
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT_EQUAL(status, 0);
  EXPECT(all_bytes_are(object, 's', 100));
  fh_heap_destroy(heap);
}
#endif

static void hold(void) {
  fh_heap *heap = make_sure(FH_HEAP_SECRET, "keys");
  char *secret = fh_heap_malloc(heap, 64), *plain = API(malloc)(64);
  EXPECT(secret && plain);
  /* Put together here, so that the program's own text does not have them in one piece. */
  snprintf(secret, 64, "%s-%d", "the-secret", 4711);
  snprintf(plain, 64, "%s-%d", "the-control", 4711);
  printf("%d\n", (int)getpid());
  fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0)
    ;
  EXPECT(secret[0] == 't' && plain[0] == 't');
}

static void start_anew(const char *how) {
  setenv("FREEHOLD", "on_misuse=report", 1);
  execl("/proc/self/exe", "protected_heaps_test", how, (char *)NULL);
  _exit(127);
}

static void misuse_with_report(void) {
  start_anew("misuse");
}

int main(int argc, char **argv) {
  signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler is one of the program's own, too */
#ifdef TEST_KERNEL
  kernel.map_secret = no_secret;
  best = FH_SECRECY_LOCKED;
#else
  int fd = (int)syscall(SYS_memfd_secret, 0);
  best = fd >= 0 ? FH_SECRECY_HIDDEN : FH_SECRECY_LOCKED;
  if (fd >= 0)
    close(fd);
#endif
  if (argc > 1 && strcmp(argv[1], "misuse") == 0)
    return go_on_after_misuse();
  if (argc > 1 && strcmp(argv[1], "hold") == 0)
    return hold(), 0;

  test_arguments();
  test_closed_calls();
  test_random_calls(FH_HEAP_PROTECTED);
  test_random_calls(FH_HEAP_SECRET);
  test_zeroed();
  test_faults();
  test_misuse();
  if (!emulated) { /* else the kernel can't execute this file */
    struct outcome outcome = run(misuse_with_report);
    if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 33 ||
        !strstr(outcome.text, "the call is ignored"))
      complain("misuse with on_misuse=report", "a message, and the program's exit code", &outcome);
  }
  test_secrets();
  test_fork();
#ifdef TEST_KERNEL
  test_sick_kernel();
  test_child_that_may_not_lock();
#endif
  test_threads();
  test_lock_limits(); /* last: gives up a right */
  puts("ok");
  return 0;
}
