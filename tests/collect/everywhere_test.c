/*
 * Pointers in unusual places, in a program that knows nothing of the collector: each is the only one to its object, and
 * the object must be there after many collections. Run with the collector preloaded.
 */
#include "../api/expect.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

enum { BYTES = 500, STACK_BYTES = 64 * 1024 };

static char *make(uint64_t seed) {
  char *object = malloc(BYTES);
  EXPECT(object != NULL);
  pattern_fill(object, BYTES, seed);
  return object;
}

/* Makes the collector run, and whatever was taken wrongly be used for something else. */
static __attribute__((noinline)) void churn(void) {
  for (unsigned i = 0; i < 20000; i++)
    memset(malloc(BYTES - i % 200), 0x11, BYTES - i % 200);
}

static void expect_alive(const char *object, uint64_t seed) {
  EXPECT(pattern_holds(object, BYTES, seed));
}

static __thread char *thread_local_object;

static void *keep_in_thread_local(void *argument) {
  thread_local_object = make(1);
  churn();
  expect_alive(thread_local_object, 1);
  return argument;
}

static void test_thread_locals(void) {
  pthread_t thread;
  thread_local_object = make(2);
  pthread_key_t key;
  EXPECT(pthread_key_create(&key, NULL) == 0 && pthread_setspecific(key, make(3)) == 0);
  EXPECT(pthread_create(&thread, NULL, keep_in_thread_local, NULL) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  churn();
  expect_alive(thread_local_object, 2);
  expect_alive(pthread_getspecific(key), 3);
}

static void test_kernel(void) {
  int files[2];
  int epoll = epoll_create1(0);
  EXPECT(pipe(files) == 0 && epoll >= 0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = make(4)};
  EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, files[0], &event) == 0);
  memset(&event, 0, sizeof event);
  churn();
  EXPECT(write(files[1], "x", 1) == 1);
  EXPECT(epoll_wait(epoll, &event, 1, 1000) == 1);
  expect_alive(event.data.ptr, 4);
}

/* One request in flight, to wait for a pipe, whose user data is the only pointer to an object; then so many that do nothing. */
struct ring {
  int descriptor;
  char *submission, *completion;
  struct io_uring_sqe *entries;
  struct io_uring_params parameters;
};

static bool ring_make(struct ring *ring) {
  memset(ring, 0, sizeof *ring);
  ring->descriptor = (int)syscall(SYS_io_uring_setup, 8, &ring->parameters);
  if (ring->descriptor < 0)
    return false; /* a container may not have it */
  const struct io_uring_params *p = &ring->parameters;
  int both = PROT_READ | PROT_WRITE;
  ring->submission = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(uint32_t), both, MAP_SHARED,
                          ring->descriptor, IORING_OFF_SQ_RING);
  ring->completion = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), both, MAP_SHARED,
                          ring->descriptor, IORING_OFF_CQ_RING);
  ring->entries =
      mmap(NULL, p->sq_entries * sizeof *ring->entries, both, MAP_SHARED, ring->descriptor, IORING_OFF_SQES);
  EXPECT(ring->submission != MAP_FAILED && ring->completion != MAP_FAILED && (void *)ring->entries != MAP_FAILED);
  return true;
}

static void ring_submit(struct ring *ring, struct io_uring_sqe request) {
  const struct io_uring_params *p = &ring->parameters;
  uint32_t *tail = (uint32_t *)(void *)(ring->submission + p->sq_off.tail), at = *tail & (p->sq_entries - 1);
  ring->entries[at] = request;
  ((uint32_t *)(void *)(ring->submission + p->sq_off.array))[at] = at;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  EXPECT(syscall(SYS_io_uring_enter, ring->descriptor, 1, 0, 0, NULL, 0) == 1);
}

/* The user data of the next completion, once it is there. */
static uint64_t ring_take(struct ring *ring) {
  const struct io_uring_params *p = &ring->parameters;
  uint32_t *head = (uint32_t *)(void *)(ring->completion + p->cq_off.head);
  uint32_t *tail = (uint32_t *)(void *)(ring->completion + p->cq_off.tail);
  while (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
    EXPECT(syscall(SYS_io_uring_enter, ring->descriptor, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0 ||
           errno == EINTR);
  struct io_uring_cqe *entries = (struct io_uring_cqe *)(void *)(ring->completion + p->cq_off.cqes);
  uint64_t data = entries[*head & (p->cq_entries - 1)].user_data;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return data;
}

static __attribute__((noinline)) void ring_hand_over(struct ring *ring, int file) {
  ring_submit(
      ring, (struct io_uring_sqe){
                .opcode = IORING_OP_POLL_ADD, .fd = file, .poll32_events = POLLIN, .user_data = (uintptr_t)make(10)});
}

/* So that no leftover on the stack leads to it. */
static __attribute__((noinline)) void wipe(void) {
  volatile char space[16384];
  for (size_t i = 0; i < sizeof space; i++)
    space[i] = 0;
}

static void test_uring(unsigned others) {
  struct ring ring;
  int files[2];
  if (!ring_make(&ring)) {
    puts("skipped: io_uring is not to be had");
    return;
  }
  EXPECT(pipe(files) == 0);
  ring_hand_over(&ring, files[0]);
  wipe();
  for (unsigned i = 0; i < others; i++) { /* overwrites it in the ring */
    ring_submit(&ring, (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 1});
    EXPECT(ring_take(&ring) == 1);
  }
  churn();
  EXPECT(write(files[1], "x", 1) == 1);
  expect_alive((char *)(uintptr_t)ring_take(&ring), 10);
  close(ring.descriptor);
}

static void test_mapped(void) {
  char **page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char **common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT(page != MAP_FAILED && common != MAP_FAILED);
  page[7] = make(5);
  common[7] = make(6);
  churn();
  expect_alive(page[7], 5);
  expect_alive(common[7], 6);
  char **inside = malloc(sizeof *inside);
  char **volatile end = inside + 1; /* exactly behind it */
  *inside = make(7) + BYTES / 2;
  inside = NULL;
  churn();
  expect_alive(end[-1] - BYTES / 2, 7);
}

static ucontext_t main_context, coroutine_context;

static void coroutine(void) {
  char *object = make(8);
  expect_alive(object, 8);
  swapcontext(&coroutine_context, &main_context);
  expect_alive(object, 8);
  swapcontext(&coroutine_context, &main_context);
}

static void test_coroutine(void *stack) {
  EXPECT(getcontext(&coroutine_context) == 0);
  coroutine_context.uc_stack.ss_sp = stack;
  coroutine_context.uc_stack.ss_size = STACK_BYTES;
  makecontext(&coroutine_context, coroutine, 0);
  swapcontext(&main_context, &coroutine_context);
  churn();
  swapcontext(&main_context, &coroutine_context);
}

static void test_fork(void) {
  char *object = make(9);
  for (unsigned i = 0; i < 20; i++) {
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
      churn();
      expect_alive(object, 9);
      _exit(0);
    }
    for (unsigned j = 0; j < 2000; j++)
      memset(malloc(300), 0x22, 300);
    int status;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
  }
}

int main(void) {
  test_thread_locals();
  test_kernel();
  test_uring(0);
  test_uring(50);
  test_mapped();
  test_coroutine(malloc(STACK_BYTES));
  test_coroutine(mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  test_fork();
  return 0;
}
