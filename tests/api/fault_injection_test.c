/*
 * Runs one workload again and again on a kernel that fails the Nth call, for N = 1, 2, ... until no failure is reached:
 * first each call alone, then everything from the Nth call on. Whatever fails, nothing may crash, an allocation either
 * works or says ENOMEM, no object is lost or changed, and once the kernel is well again the heap must be, too.
 *
 * Linked with the static library, whose table of kernel functions it replaces (runtime/space/kernel.h).
 *
 *   fault_injection_test            both parts
 *   fault_injection_test every K    both parts, but for N = 1, 1 + K, 1 + 2K, ... only
 *   fault_injection_test start N E  one run from the very first kernel call on (started by the test itself)
 */
#include "expect.h"
#include "figures.h"

#include "space/kernel.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum failure_mode { FAIL_ONCE, FAIL_FROM_THEN_ON };

static struct kernel well;
static unsigned calls, fail_at, failures; /* atomic */
static enum failure_mode failure_mode;

/* Counts a kernel call and decides whether it fails. */
static bool call_fails(void) {
  unsigned number = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
  unsigned at = __atomic_load_n(&fail_at, __ATOMIC_RELAXED);
  if (at == 0 || (failure_mode == FAIL_ONCE ? number != at : number < at))
    return false;
  __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  return true;
}

static intptr_t sick_reserve(size_t bytes) {
  return call_fails() ? -ENOMEM : well.reserve(bytes);
}
static int sick_claim(uintptr_t address, size_t bytes) {
  return call_fails() ? -ENOMEM : well.claim(address, bytes);
}
static int sick_commit(uintptr_t address, size_t bytes) {
  return call_fails() ? -ENOMEM : well.commit(address, bytes);
}
static int sick_purge(uintptr_t address, size_t bytes) {
  return call_fails() ? -EINVAL : well.purge(address, bytes);
}
static int sick_move(uintptr_t from, uintptr_t to, size_t bytes) {
  return call_fails() ? -ENOMEM : well.move(from, to, bytes);
}
static int sick_huge_pages(uintptr_t address, size_t bytes, bool wanted) {
  return call_fails() ? -EINVAL : well.huge_pages(address, bytes, wanted);
}
static int sick_release(uintptr_t address, size_t bytes) {
  return call_fails() ? -ENOMEM : well.release(address, bytes);
}
static int sick_name(uintptr_t address, size_t bytes, const char *name) {
  return call_fails() ? -EINVAL : well.name(address, bytes, name);
}
static int sick_start_thread(void (*run)(void), void *stack, size_t stack_bytes, uint32_t *alive) {
  return call_fails() ? -EAGAIN : well.start_thread(run, stack, stack_bytes, alive);
}

static void kernel_falls_sick(void) {
  well = kernel;
  kernel = (struct kernel){
      .reserve = sick_reserve,
      .claim = sick_claim,
      .commit = sick_commit,
      .purge = sick_purge,
      .move = sick_move,
      .huge_pages = sick_huge_pages,
      .release = sick_release,
      .name = sick_name,
      .start_thread = sick_start_thread,
  };
}

static void kernel_recovers(void) {
  __atomic_store_n(&fail_at, 0, __ATOMIC_RELAXED);
}

/* ---- The workload. ---- */

enum { OBJECTS = 96 };
static struct {
  unsigned char *memory;
  size_t size;
  uint64_t seed;
} objects[OBJECTS];
static unsigned refused;

static size_t workload_size(int number) {
  static const size_t sizes[] = {16,    40,     100,    500,    1500, 4000, 9000,  30000,
                                 66000, 200000, 300000, 600000, 24,   333,  12000, 128};
  return sizes[number % 16] + (size_t)(number * 13 % 64);
}

static void hold(int slot, void *memory, size_t size) {
  if (!memory) {
    EXPECT_EQUAL(errno, ENOMEM);
    refused++;
    objects[slot].memory = NULL;
    return;
  }
  objects[slot].memory = memory;
  objects[slot].size = size;
  objects[slot].seed = (uint64_t)slot * 31 + size;
  pattern_fill(memory, size, objects[slot].seed);
}

static void let_go(int slot) {
  if (!objects[slot].memory)
    return;
  EXPECT(pattern_holds(objects[slot].memory, objects[slot].size, objects[slot].seed));
  errno = 12;
  fh_free(objects[slot].memory);
  EXPECT_EQUAL(errno, 12);
  objects[slot].memory = NULL;
}

static void check_all(void) {
  for (int i = 0; i < OBJECTS; i++)
    if (objects[i].memory)
      EXPECT(pattern_holds(objects[i].memory, objects[i].size, objects[i].seed));
}

static void *work_in_thread(void *argument) {
  (void)argument;
  void *own[100];
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 100; i++) {
      size_t size = workload_size(i + round);
      own[i] = fh_malloc(size);
      if (own[i])
        pattern_fill(own[i], size, size);
    }
    for (int i = 0; i < 100; i++) {
      if (own[i])
        EXPECT(pattern_holds(own[i], workload_size(i + round), workload_size(i + round)));
      fh_free(own[i]);
    }
  }
  return NULL;
}

static void workload(void) {
  for (int i = 0; i < OBJECTS; i++) {
    size_t size = workload_size(i);
    errno = 0;
    switch (i % 4) {
    case 0:
      hold(i, fh_aligned_alloc((size_t)16 << (i / 4 % 10), size), size);
      break;
    case 1: {
      void *zeros = fh_calloc(1, size);
      if (zeros)
        EXPECT(all_bytes_are(zeros, 0, size));
      hold(i, zeros, size);
      break;
    }
    default:
      hold(i, fh_malloc(size), size);
    }
  }
  /* Grow and shrink: what can't be done leaves the old object. */
  for (int i = 0; i < OBJECTS; i += 3) {
    if (!objects[i].memory)
      continue;
    size_t size = i % 2 ? objects[i].size * 3 : objects[i].size / 3 + 1;
    errno = 0;
    void *moved = fh_realloc(objects[i].memory, size);
    if (!moved) {
      EXPECT_EQUAL(errno, ENOMEM);
      refused++;
      EXPECT(pattern_holds(objects[i].memory, objects[i].size, objects[i].seed));
      continue;
    }
    EXPECT(pattern_holds(moved, size < objects[i].size ? size : objects[i].size, objects[i].seed));
    hold(i, moved, size);
  }
  check_all();
  for (int i = 0; i < OBJECTS; i += 2)
    let_go(i);
  (void)fh_malloc_trim(0);
  /* Freed, perhaps given back, perhaps not: zero all the same. */
  for (int i = 0; i < OBJECTS; i += 2) {
    size_t size = workload_size(i + 5);
    errno = 0;
    void *zeros = fh_calloc(1, size);
    if (zeros)
      EXPECT(all_bytes_are(zeros, 0, size));
    hold(i, zeros, size);
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, work_in_thread, NULL) == 0)
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
  struct fh_heap_options options = {.struct_bytes = sizeof options, .name = "in trouble", .zeroed = true};
  errno = 0;
  fh_heap *heap = fh_heap_create(&options);
  if (heap) {
    for (int i = 0; i < 100; i++) {
      size_t size = workload_size(i);
      void *memory = fh_heap_malloc(heap, size);
      if (!memory)
        continue;
      EXPECT(all_bytes_are(memory, 0, size));
      memset(memory, 0xee, size);
      if (i % 3 == 0)
        fh_heap_free(heap, memory);
    }
    fh_heap_destroy(heap);
  } else {
    EXPECT_EQUAL(errno, ENOMEM);
  }
  check_all();
}

/* After the recovery everything works, and nothing has been lost: freeing all of ours brings the count of live objects
 * back to what it was. */
static void recover(uint64_t live_before, bool know_live) {
  kernel_recovers();
  check_all();
  for (int i = 0; i < OBJECTS; i++)
    let_go(i);
  refused = 0;
  workload();
  EXPECT_EQUAL(refused, 0);
  for (int i = 0; i < OBJECTS; i++)
    let_go(i);
  static struct figures figures;
  figures_take(&figures);
  if (know_live)
    EXPECT(figures_total(&figures, "live_objects") <= live_before + 4);
  EXPECT_EQUAL(figures_total(&figures, "heap_bytes"),
               figures_total(&figures, "live_bytes") + figures_total(&figures, "held_back_bytes"));
}

/* ---- Failures from the first call of a process on: before anything else runs. ---- */

static unsigned argument_number(const char *text) {
  unsigned number = 0;
  for (; *text >= '0' && *text <= '9'; text++)
    number = number * 10 + (unsigned)(*text - '0');
  return number;
}

static void at_process_start(int argc, char **argv, char **environment) {
  (void)environment;
  static bool started;
  if (!started && argc == 4 && strcmp(argv[1], "start") == 0) {
    started = true;
    kernel_falls_sick();
    failure_mode = argument_number(argv[3]) ? FAIL_FROM_THEN_ON : FAIL_ONCE;
    fail_at = argument_number(argv[2]);
  }
}
__attribute__((section(".preinit_array"), used)) static void (*const start_hook)(int, char **,
                                                                                 char **) = at_process_start;

enum { EXIT_NOT_REACHED = 40, EXIT_REACHED = 41 };

static int run_from_start(void) {
  workload();
  bool reached = __atomic_load_n(&failures, __ATOMIC_RELAXED) != 0;
  recover(0, false);
  return reached ? EXIT_REACHED : EXIT_NOT_REACHED;
}

/* ---- Failures in a process that already runs: a child of fork for each N. ---- */

static int run_in_child(unsigned number, enum failure_mode mode, uint64_t live_before) {
  kernel_falls_sick();
  calls = failures = 0;
  failure_mode = mode;
  __atomic_store_n(&fail_at, number, __ATOMIC_RELAXED);
  workload();
  bool reached = __atomic_load_n(&failures, __ATOMIC_RELAXED) != 0;
  recover(live_before, true);
  return reached ? EXIT_REACHED : EXIT_NOT_REACHED;
}

static int await(pid_t child, const char *part, unsigned number, int mode) {
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != EXIT_NOT_REACHED && WEXITSTATUS(status) != EXIT_REACHED)) {
    printf("FAIL: %s, call %u, mode %d: status 0x%x\n", part, number, mode, (unsigned)status);
    fflush(stdout);
    return -1;
  }
  return WEXITSTATUS(status) == EXIT_REACHED;
}

int main(int argc, char **argv) {
  at_process_start(argc, argv, NULL); /* for musl, which calls no function of .preinit_array */
  if (argc == 4 && strcmp(argv[1], "start") == 0)
    return run_from_start();
  unsigned step = argc == 3 && strcmp(argv[1], "every") == 0 ? argument_number(argv[2]) : 1;
  EXPECT(step > 0);
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  int broken = 0;
  for (int mode = FAIL_ONCE; mode <= FAIL_FROM_THEN_ON; mode++) {
    unsigned number = 1;
    for (int reached = 1; reached != 0; number += step) {
      EXPECT(number < 100000);
      pid_t child = fork();
      EXPECT(child >= 0);
      if (child == 0) {
        alarm(60);
        char text[2][16];
        snprintf(text[0], sizeof text[0], "%u", number);
        snprintf(text[1], sizeof text[1], "%d", mode);
        execl("/proc/self/exe", argv[0], "start", text[0], text[1], (char *)NULL);
        _exit(2);
      }
      reached = await(child, "from the start", number, mode);
      if (reached < 0 && ++broken > 20)
        return 1;
    }
    EXPECT(number > 1 + step);
    printf("from the start, mode %d: %u kernel calls failed in turn\n", mode, (number - 1) / step - 1);
    fflush(stdout);
  }
  void *first = fh_malloc(1);
  EXPECT(first);
  static struct figures figures;
  figures_take(&figures);
  uint64_t live = figures_total(&figures, "live_objects");
  for (int mode = FAIL_ONCE; mode <= FAIL_FROM_THEN_ON; mode++) {
    unsigned number = 1;
    for (int reached = 1; reached != 0; number += step) {
      EXPECT(number < 100000);
      pid_t child = fork();
      EXPECT(child >= 0);
      if (child == 0) {
        alarm(60);
        _exit(run_in_child(number, (enum failure_mode)mode, live));
      }
      reached = await(child, "in a running process", number, mode);
      if (reached < 0 && ++broken > 20)
        return 1;
    }
    EXPECT(number > 1 + step);
    printf("in a running process, mode %d: %u kernel calls failed in turn\n", mode, (number - 1) / step - 1);
    fflush(stdout);
  }
  fh_free(first);
  return broken != 0;
}
