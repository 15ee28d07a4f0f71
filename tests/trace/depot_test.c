/* A stack has one id, whoever stores it, and the id gives it back: from threads, in signal handlers, over fork, and when
 * the kernel has no memory. */
#include "expect.h"
#include "space/kernel.h"
#include "trace/depot.h"
#include "trace/stack.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { THREADS = 8, STACKS = 20000 };

/* The stack of a number: its length and frames follow from it. */
static size_t make_stack(uint64_t number, uintptr_t *frames) {
  uint64_t state = number;
  size_t count = 1 + random_next(&state) % STACK_FRAMES_MOST;
  for (size_t i = 0; i < count; i++)
    frames[i] = random_next(&state) >> 16;
  return count;
}

static void expect_loads(stack_id id, uint64_t number) {
  uintptr_t wanted[STACK_FRAMES_MOST], got[STACK_FRAMES_MOST];
  size_t count = make_stack(number, wanted);
  EXPECT(id != 0);
  EXPECT_EQUAL(stack_load(id, got, STACK_FRAMES_MOST), count);
  EXPECT(memcmp(got, wanted, count * sizeof *got) == 0);
}

static stack_id store_number(uint64_t number) {
  uintptr_t frames[STACK_FRAMES_MOST];
  size_t count = make_stack(number, frames);
  return stack_store_frames(frames, count);
}

static void one_by_one(void) {
  EXPECT_EQUAL(stack_count(), 0);
  EXPECT_EQUAL(stack_store_frames(NULL, 0), 0);
  EXPECT(stack_site_of(0) == NULL);
  EXPECT_EQUAL(stack_load(0, NULL, 0), 0);
  uintptr_t frames[STACK_FRAMES_MOST + 5];
  for (size_t i = 0; i < ARRAY_LENGTH(frames); i++)
    frames[i] = 1000 + i;
  stack_id whole = stack_store_frames(frames, STACK_FRAMES_MOST), part = stack_store_frames(frames, 3);
  EXPECT(whole != 0 && part != 0 && whole != part);
  EXPECT_EQUAL(stack_store_frames(frames, ARRAY_LENGTH(frames)), whole);
  EXPECT_EQUAL(stack_store_frames(frames, 3), part);
  EXPECT_EQUAL(stack_count(), 2);
  uintptr_t got[2];
  EXPECT_EQUAL(stack_load(part, got, 2), 2);
  EXPECT_EQUAL(got[1], 1001);
  struct stack_site *site = stack_site_of(part);
  EXPECT(site != NULL && site->allocations == 0 && site != stack_site_of(whole));
  site->allocations = 7;
  EXPECT_EQUAL(stack_site_of(part)->allocations, 7);
  EXPECT_EQUAL(stack_site_of(whole)->allocations, 0);
  EXPECT(stack_site_of(0xfffffff0u) == NULL);
  EXPECT_EQUAL(stack_load(0xfffffff0u, got, 2), 0);
}

static stack_id ids[THREADS][STACKS];
static pthread_barrier_t barrier;

static void *store_all(void *row) {
  stack_id *mine = row;
  pthread_barrier_wait(&barrier);
  size_t shift = (size_t)(mine - ids[0]) / STACKS % 2 * 7919;
  for (size_t i = 0; i < STACKS; i++) {
    size_t number = (i + shift) % STACKS;
    mine[number] = store_number(number);
    __atomic_fetch_add(&stack_site_of(mine[number])->allocations, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static void by_threads(void) {
  size_t before = stack_count();
  pthread_t threads[THREADS];
  EXPECT(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
  for (int i = 0; i < THREADS; i++)
    EXPECT(pthread_create(&threads[i], NULL, store_all, ids[i]) == 0);
  for (int i = 0; i < THREADS; i++)
    EXPECT(pthread_join(threads[i], NULL) == 0);
  for (size_t number = 0; number < STACKS; number++) {
    expect_loads(ids[0][number], number);
    for (int i = 1; i < THREADS; i++)
      EXPECT_EQUAL(ids[i][number], ids[0][number]);
    EXPECT_EQUAL(stack_site_of(ids[0][number])->allocations, THREADS);
  }
  EXPECT_EQUAL(stack_count() - before, STACKS);
}

static void over_fork(void) {
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    size_t before = stack_count();
    for (size_t number = 0; number < STACKS; number++)
      EXPECT_EQUAL(store_number(number), ids[0][number]);
    EXPECT_EQUAL(stack_count(), before);
    expect_loads(store_number(STACKS + 1), STACKS + 1);
    EXPECT_EQUAL(stack_count(), before + 1);
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  size_t before = stack_count();
  expect_loads(store_number(STACKS + 2), STACKS + 2);
  EXPECT_EQUAL(stack_count(), before + 1);
}

static volatile uint64_t interrupted;

static void on_timer(int signal) {
  (void)signal;
  for (uint64_t i = 0; i < 20; i++)
    expect_loads(store_number(1000000 + interrupted * 3 + i), 1000000 + interrupted * 3 + i);
  interrupted++;
}

/* A handler that interrupts storing stores as well, partly the same. */
static void in_handlers(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_timer;
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (uint64_t i = 0; i < 200000 || interrupted < 20; i++)
    store_number(1000000 + i);
  setitimer(ITIMER_REAL, &never, NULL);
  for (uint64_t i = 0; i < 200000; i += 97)
    expect_loads(store_number(1000000 + i), 1000000 + i);
}

static int commits_left;
static struct kernel real_kernel;

static int commit_some(uintptr_t address, size_t bytes) {
  return commits_left-- > 0 ? real_kernel.commit(address, bytes) : -ENOMEM;
}

static intptr_t reserve_nothing(size_t bytes) {
  (void)bytes;
  return -ENOMEM;
}

static intptr_t reserve_little(size_t bytes) {
  return bytes > 8 * MIB ? -ENOMEM : real_kernel.reserve(bytes);
}

static void without_memory(void) {
  real_kernel = kernel;
  depot_reset();
  kernel.reserve = reserve_nothing;
  EXPECT_EQUAL(store_number(1), 0);
  kernel.reserve = reserve_little;
  kernel.commit = commit_some;
  commits_left = 1;
  /* The first piece is there, the second not. */
  uint64_t number = 0;
  stack_id first = store_number(0);
  EXPECT(first != 0);
  while (number < 100000 && store_number(number) != 0)
    number++;
  EXPECT(number > 100 && number < 100000);
  EXPECT_EQUAL(store_number(0), first);
  expect_loads(first, 0);
  EXPECT_EQUAL(stack_count(), number);
  /* Memory comes back, until the little stretch is at its end. */
  commits_left = 1000;
  expect_loads(store_number(number), number);
  while (number < 1000000 && store_number(number) != 0)
    number++;
  EXPECT(number > 10000 && number < 1000000 && depot_bytes() <= 8 * MIB);
  EXPECT_EQUAL(store_number(0), first);
  kernel = real_kernel;
}

int main(void) {
  one_by_one();
  by_threads();
  over_fork();
  in_handlers();
  without_memory();
  return 0;
}
