/* Every place an object can be kept by. Each is tried with the reference there and with it gone. */
#include "fake_world.h"
#include "reach/sequence.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

static uintptr_t global_word;
static uintptr_t initialized_word = 1;
static _Thread_local uintptr_t thread_word;

/* The place keeps the object, and nothing else does. */
static void expect_keeps(const char *what, uintptr_t *place) {
  hidden object = fake_object(40);
  *place = 0;
  if (fake_reached(object)) {
    fake_explain(object);
    expect_failed(__FILE__, __LINE__, what, 1, 0);
  }
  fake_point(place, object, 0);
  if (!fake_reached(object))
    expect_failed(__FILE__, __LINE__, what, 0, 1);
  *place = 0;
}

static void test_data(void) {
  expect_keeps("a zeroed global", &global_word);
  expect_keeps("an initialized global", &initialized_word);
  expect_keeps("a thread-local variable", &thread_word);
  uintptr_t *mapped = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  expect_keeps("the middle of a mapping", mapped + 500000);
  uintptr_t *shared = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  expect_keeps("shared memory", shared + 100000);
  uintptr_t *broken = sbrk(4096);
  EXPECT(broken != (void *)-1);
  expect_keeps("the program's break", broken + 10);

  /* What was written, then sealed. */
  hidden object = fake_object(16);
  fake_point(mapped, object, 0);
  EXPECT_EQUAL(mprotect(mapped, 4096, PROT_READ), 0);
  EXPECT(fake_reached(object));
  EXPECT_EQUAL(munmap(mapped, 8 * MIB), 0);
  if (fake_reached(object))
    fake_explain(object);
  EXPECT(!fake_reached(object));
  munmap(shared, MIB);
}

static void test_stack(void) {
  volatile uintptr_t words[64];
  for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
    words[i] = 0;
  expect_keeps("the stack", (uintptr_t *)&words[32]);
}

/* What a call that has ended left there. */
NOINLINE static void leave_below(hidden object) {
  volatile uintptr_t words[2048];
  for (size_t i = 0; i < ARRAY_LENGTH(words) - 64; i++) /* not in the red zone of who called */
    words[i] = ~object;
}

NOINLINE static bool reached_without_scrubbing(hidden object) {
  ucontext_t here;
  fake_clear_marks();
  leave_below(object);
  reach_context(&here);
  EXPECT(reach_mark(&fake_world, &here));
  reach_forget();
  return fake_of(object)->mark != 0;
}

static void test_unused_stack(void) {
  EXPECT(!reached_without_scrubbing(fake_object(16)));
}

static void test_registers(void) {
  hidden object = fake_object(24);
  ucontext_t here;
  reach_context(&here);
  fake_clear_marks();
  EXPECT(reach_mark(&fake_world, &here));
  EXPECT_EQUAL(fake_of(object)->mark, 0);
#if defined(__x86_64__)
  memcpy(&here.uc_mcontext.gregs[REG_R12], &(uintptr_t){~object}, sizeof object);
  EXPECT(reach_mark(&fake_world, &here));
  EXPECT_EQUAL(fake_of(object)->mark, 1);
#endif
  reach_forget();
}

static void test_pointers(void) {
  hidden object = fake_object(48);
  const struct {
    ptrdiff_t offset;
    bool keeps;
  } cases[] = {{0, true}, {1, true}, {47, true}, {48, true}, {49, false}, {-1, false}};
  for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
    fake_point(&global_word, object, cases[i].offset);
    EXPECT_EQUAL(fake_reached(object), cases[i].keeps);
  }
  global_word = 0;
  hidden empty = fake_object(0);
  fake_point(&global_word, empty, 0);
  EXPECT(fake_reached(empty));
  global_word = 0;
}

/* Long enough for any recursion to be noticed. */
static void test_heap_chain(void) {
  hidden first = fake_object(64), last = first;
  for (int i = 0; i < 1000000; i++) {
    hidden next = fake_object(32);
    fake_link(last, (size_t)(i % 4) * 8, next);
    last = next;
  }
  EXPECT(!fake_reached(last));
  fake_point(&global_word, first, 0);
  EXPECT(fake_reached(last));
  for (size_t i = 0; i < fake_count(); i++)
    if (fake_number(i)->start >= ~first)
      EXPECT_EQUAL(fake_number(i)->mark, 1);
  fake_unlink(first, 0);
  EXPECT(!fake_reached(last));
  global_word = 0;
  fake_forget_all();
}

/* An object whose pages are closed for the moment is read all the same; nothing faults. */
static void test_closed_object(void) {
  hidden closed = fake_object_on_pages(4096), large = fake_object_on_pages(MIB), kept = fake_object(16),
         also = fake_object(16);
  fake_link(closed, 4088, kept);
  fake_link(large, 512 * KIB, also);
  fake_point(&global_word, closed, 0);
  fake_point(&initialized_word, large, 0);
  EXPECT_EQUAL(mprotect((void *)~closed, 4096, PROT_NONE), 0);
  EXPECT_EQUAL(mprotect((void *)(~large + 64 * KIB), MIB / 2, PROT_NONE), 0);
  EXPECT(fake_reached(kept));
  EXPECT(fake_reached(also));
  EXPECT_EQUAL(mprotect((void *)~closed, 4096, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQUAL(mprotect((void *)~large, MIB, PROT_READ | PROT_WRITE), 0);
  fake_unlink(closed, 4088);
  EXPECT(!fake_reached(kept));
  global_word = initialized_word = 0;
}

static void test_library(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  EXPECT(library != NULL);
  uintptr_t *(*words)(int) = (uintptr_t * (*)(int))(uintptr_t)dlsym(library, "library_word");
  EXPECT(words != NULL);
  expect_keeps("the data of a library that was loaded", words(0));
  expect_keeps("its zeroed data", words(1));
  uintptr_t *local = words(2);
  expect_keeps("its thread-local data", local);
  dlclose(library);
}

static void test_epoll(void) {
  int set = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_CLOEXEC);
  hidden object = fake_object(40);
  struct epoll_event wanted = {.events = EPOLLIN};
  EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, event, &wanted), 0);
  EXPECT(!fake_reached(object));
  wanted.data.u64 = ~object;
  EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_MOD, event, &wanted), 0);
  memset(&wanted, 0, sizeof wanted);
  EXPECT(fake_reached(object));
  EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_DEL, event, NULL), 0);
  EXPECT(!fake_reached(object));
  close(event);
  close(set);
}

static void test_timer(void) {
  if (access("/proc/self/timers", R_OK) != 0)
    return;
  hidden object = fake_object(40);
  struct sigevent wanted = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  wanted.sigev_value.sival_ptr = (void *)~object;
  timer_t timer;
  EXPECT_EQUAL(timer_create(CLOCK_MONOTONIC, &wanted, &timer), 0);
  memset(&wanted, 0, sizeof wanted);
  EXPECT(fake_reached(object));
  EXPECT_EQUAL(timer_delete(timer), 0);
  EXPECT(!fake_reached(object));
}

static void test_signal_stack(void) {
  hidden object = fake_object(64 * KIB);
  stack_t before, stack = {.ss_sp = (void *)~object, .ss_size = 64 * KIB};
  EXPECT_EQUAL(sigaltstack(&stack, &before), 0);
  memset(&stack, 0, sizeof stack);
  EXPECT(fake_reached(object));
  EXPECT_EQUAL(sigaltstack(&before, NULL), 0);
  EXPECT(!fake_reached(object));
}

static ucontext_t main_context, coroutine_context;
static hidden coroutine_object;

NOINLINE static void run_coroutine(void) {
  volatile uintptr_t word = ~coroutine_object;
  swapcontext(&coroutine_context, &main_context);
  word = 0;
  (void)word;
  swapcontext(&coroutine_context, &main_context);
}

static void test_coroutine(void) {
  void *stack = mmap(NULL, 256 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  coroutine_object = fake_object(40);
  getcontext(&coroutine_context);
  coroutine_context.uc_stack.ss_sp = stack;
  coroutine_context.uc_stack.ss_size = 256 * KIB;
  makecontext(&coroutine_context, run_coroutine, 0);
  EXPECT(!fake_reached(coroutine_object));
  swapcontext(&main_context, &coroutine_context);
  memset(&main_context, 0, sizeof main_context);
  EXPECT(fake_reached(coroutine_object));
  munmap(stack, 256 * KIB);
  memset(&coroutine_context, 0, sizeof coroutine_context);
  EXPECT(!fake_reached(coroutine_object));
}

/* A coroutine whose stack is an object itself: marking happens on it. */
static hidden stack_object, inner_object;
static bool outcome;

NOINLINE static void run_in_object(void) {
  volatile uintptr_t word = ~inner_object;
  outcome = fake_reached(inner_object) && fake_of(stack_object)->mark != 0;
  word = 0;
  (void)word;
}

static void test_stack_in_object(void) {
  stack_object = fake_object_on_pages(512 * KIB);
  inner_object = fake_object(40);
  ucontext_t inner;
  getcontext(&inner);
  inner.uc_stack.ss_sp = (void *)~stack_object;
  inner.uc_stack.ss_size = 512 * KIB;
  inner.uc_link = &main_context;
  makecontext(&inner, run_in_object, 0);
  swapcontext(&main_context, &inner);
  EXPECT(outcome);
}

/* A stack in what the library has reserved for itself, as its alternate stack is: what is in use of it is a root. The object
 * is made there, since all of the test's own stack counts meanwhile. */
NOINLINE static void run_on_library_stack(void) {
  hidden object = fake_object(40);
  volatile uintptr_t word = ~object;
  outcome = fake_reached(object);
  word = 0;
  outcome = outcome && !fake_reached(object);
  (void)word;
}

static void test_stack_of_the_library(void) {
  char *stack = sequence_piece(512 * KIB);
  ucontext_t inner;
  getcontext(&inner);
  inner.uc_stack.ss_sp = stack;
  inner.uc_stack.ss_size = 512 * KIB;
  inner.uc_link = &main_context;
  makecontext(&inner, run_on_library_stack, 0);
  outcome = false;
  swapcontext(&main_context, &inner);
  EXPECT(outcome);
  sequence_piece_release(stack, 512 * KIB);
}

static size_t resident_bytes(const void *start, size_t bytes) {
  size_t pages = bytes / 4096, resident = 0;
  unsigned char *state = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQUAL(mincore((void *)(uintptr_t)start, bytes, state), 0);
  for (size_t i = 0; i < pages; i++)
    resident += (state[i] & 1u) * 4096u;
  munmap(state, pages);
  return resident;
}

/* A file that became shorter than its mapping: an access there would be a SIGBUS. */
static void test_truncated_file(void) {
  char path[] = "/tmp/freehold-reach-XXXXXX";
  int file = mkstemp(path);
  EXPECT(file >= 0);
  unlink(path);
  for (int shared = 0; shared < 2; shared++) {
    EXPECT_EQUAL(ftruncate(file, 16 * 4096), 0);
    uintptr_t *mapped = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, file, 0);
    EXPECT(mapped != MAP_FAILED);
    memset(mapped, 1, 16 * 4096);
    expect_keeps("a mapped file", mapped + 100);
    hidden object = fake_object(16);
    fake_point(mapped + 200, object, 0);
    EXPECT_EQUAL(ftruncate(file, 4096), 0);
    EXPECT(fake_reached(object));
    EXPECT_EQUAL(ftruncate(file, 0), 0);
    EXPECT(!fake_reached(object));
    munmap(mapped, 16 * 4096);
  }
  close(file);
}

static void test_untouched(void) {
  size_t bytes = (size_t)32 * GIB;
  char *reserved = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED)
    return; /* no overcommit here */
  madvise(reserved, bytes, MADV_NOHUGEPAGE);
  size_t shared_bytes = GIB;
  char *shared = mmap(NULL, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  EXPECT(shared != MAP_FAILED);
  hidden large = fake_object_on_pages(256 * MIB);
  fake_point(&global_word, large, 0);
  expect_keeps("a word in the midst of what was never touched", (uintptr_t *)(void *)(reserved + bytes / 2));
  expect_keeps("the same, shared", (uintptr_t *)(void *)(shared + shared_bytes / 2));
  EXPECT(resident_bytes(reserved + bytes / 2 - 64 * MIB, 128 * MIB) <= 4096);
  EXPECT(resident_bytes(shared, shared_bytes) <= 64 * KIB);
  EXPECT(resident_bytes((void *)~large, 256 * MIB) == 0);
  EXPECT(status_kib("VmRSS:") < 256 * 1024);
  global_word = 0;
  munmap(reserved, bytes);
  munmap(shared, shared_bytes);
}

/* Excluded ranges are no roots, whichever way they lie. */
static void test_excluded(void) {
  uintptr_t *mapped = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uintptr_t start = (uintptr_t)mapped;
  struct reach_range ranges[5] = {fake_world.excluded[0], fake_world.excluded[1]};
  ranges[2] = (struct reach_range){start + 8192, start + 3 * 4096};
  ranges[3] = (struct reach_range){start + 4096 + 512, start + 8192 + 1024};
  struct reach_world before = fake_world;
  fake_world.excluded = ranges;
  const struct {
    size_t offset;
    bool keeps;
  } cases[] = {{0, true},     {4096 + 504, true},    {4096 + 512, false}, {8192 + 1024, false},
               {8192, false}, {3 * 4096 - 8, false}, {3 * 4096, true},    {16 * 4096 - 8, true}};
  for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
    hidden object = fake_object(16);
    fake_point(mapped + cases[i].offset / 8, object, 0);
    EXPECT_EQUAL(fake_reached(object), cases[i].keeps);
  }
  fake_world = before;
  munmap(mapped, 16 * 4096);
}

int main(int count, char **arguments) {
  test_data();
  test_stack();
  test_unused_stack();
  test_registers();
  test_pointers();
  test_heap_chain();
  test_closed_object();
  if (count > 1)
    test_library(arguments[1]);
  test_epoll();
  test_timer();
  test_signal_stack();
  test_coroutine();
  test_stack_in_object();
  test_stack_of_the_library();
  test_truncated_file();
  test_untouched();
  test_excluded();
  return 0;
}
