/* Stopping threads: their stacks and registers are roots, whatever they do; and they go on afterwards. */
#include "fake_world.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

struct worker {
  pthread_t thread;
  void (*run)(struct worker *worker);
  hidden object;
  int id;          /* the kernel's; atomic */
  uint64_t rounds; /* atomic */
  uint32_t ready;  /* atomic */
  uint32_t end;    /* atomic */
  int pipe[2];
  char *stack; /* of the test's own: libc keeps those of threads that ended, with all that is on them */
};

#define STACK_BYTES (256 * KIB)
#define GUARD_BYTES (4 * KIB)

static void *worker_main(void *argument) {
  struct worker *worker = argument;
  __atomic_store_n(&worker->id, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
  worker->run(worker);
  return NULL;
}

static void worker_start(struct worker *worker, void (*run)(struct worker *worker)) {
  memset(worker, 0, sizeof *worker);
  worker->run = run;
  worker->object = fake_object(40);
  EXPECT_EQUAL(pipe(worker->pipe), 0);
  worker->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(worker->stack != MAP_FAILED);
  EXPECT_EQUAL(mprotect(worker->stack, GUARD_BYTES, PROT_NONE), 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, worker->stack + GUARD_BYTES, STACK_BYTES - GUARD_BYTES);
  EXPECT_EQUAL(pthread_create(&worker->thread, &attributes, worker_main, worker), 0);
  pthread_attr_destroy(&attributes);
  while (__atomic_load_n(&worker->ready, __ATOMIC_ACQUIRE) == 0)
    sched_yield();
}

static void worker_end(struct worker *worker) {
  __atomic_store_n(&worker->end, 1, __ATOMIC_RELEASE);
  close(worker->pipe[1]);
  pthread_join(worker->thread, NULL);
  close(worker->pipe[0]);
  munmap(worker->stack, STACK_BYTES);
}

static bool worker_wanted(struct worker *worker) {
  __atomic_store_n(&worker->ready, 1, __ATOMIC_RELEASE);
  __atomic_fetch_add(&worker->rounds, 1, __ATOMIC_RELAXED);
  return __atomic_load_n(&worker->end, __ATOMIC_ACQUIRE) == 0;
}

NOINLINE static void keep_on_stack(struct worker *worker) {
  volatile uintptr_t word = ~worker->object;
  while (worker_wanted(worker))
    ;
  (void)word;
}

/* In a system call that is not interrupted for good: read starts again. */
NOINLINE static void keep_while_reading(struct worker *worker) {
  volatile uintptr_t word = ~worker->object;
  char byte;
  worker_wanted(worker);
  EXPECT_EQUAL(read(worker->pipe[0], &byte, 1), 0);
  (void)word;
}

#if defined(__x86_64__)
/* In one register and nowhere else. */
NOINLINE static void keep_in_register(struct worker *worker) {
  __asm__ volatile("movq %0, %%r13\n\tnotq %%r13\n\t"
                   "movl $1, %1\n"
                   "1:\tlock incq %3\n\t"
                   "cmpl $0, %2\n\t"
                   "je 1b\n\t"
                   "xorq %%r13, %%r13"
                   :
                   : "m"(worker->object), "m"(worker->ready), "m"(worker->end), "m"(worker->rounds)
                   : "r13", "cc", "memory");
}

NOINLINE static void keep_in_vector_register(struct worker *worker) {
  __asm__ volatile("movq %0, %%r13\n\tnotq %%r13\n\tmovq %%r13, %%xmm11\n\txorq %%r13, %%r13\n\t"
                   "movl $1, %1\n"
                   "1:\tlock incq %3\n\t"
                   "cmpl $0, %2\n\t"
                   "je 1b\n\t"
                   "pxor %%xmm11, %%xmm11"
                   :
                   : "m"(worker->object), "m"(worker->ready), "m"(worker->end), "m"(worker->rounds)
                   : "r13", "xmm11", "cc", "memory");
}
#endif

static void test_kept_by(void (*run)(struct worker *worker), bool goes_round) {
  static struct worker worker;
  worker_start(&worker, run);
  EXPECT(fake_reached(worker.object));
  uint64_t before = __atomic_load_n(&worker.rounds, __ATOMIC_RELAXED);
  while (goes_round && __atomic_load_n(&worker.rounds, __ATOMIC_RELAXED) == before)
    sched_yield();
  worker_end(&worker);
  fake_scrub();
  bool kept = fake_reached(worker.object); /* although its thread has ended */
  if (kept)
    fake_explain(worker.object);
  EXPECT(!kept);
}

/* ---- threads that can't be stopped ---- */

/* By the kernel's own call: pthread_sigmask leaves libc's signals alone. */
static void block_everything(void) {
  uint64_t every = UINT64_MAX;
  EXPECT_EQUAL(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &every, NULL, sizeof every), 0);
}

NOINLINE static void block_and_read(struct worker *worker) {
  block_everything();
  keep_while_reading(worker);
}

NOINLINE static void block_by_libc_and_read(struct worker *worker) {
  sigset_t every;
  sigfillset(&every);
  pthread_sigmask(SIG_SETMASK, &every, NULL);
  keep_while_reading(worker);
}

/* What a call left below the stack pointer of a thread that waits in a system call. */
NOINLINE static void block_and_read_later(struct worker *worker) {
  block_everything();
  volatile uintptr_t deep[4096];
  for (size_t i = 0; i < 1024; i++)
    deep[i] = ~worker->object;
  __asm__ volatile("" ::"r"(deep) : "memory");
}

NOINLINE static void leave_and_read(struct worker *worker) {
  block_and_read_later(worker);
  char byte;
  worker_wanted(worker);
  EXPECT_EQUAL(read(worker->pipe[0], &byte, 1), 0);
}

/* Nothing is between a worker's word that it is ready and its wait but the call itself. */
static void wait_until_reading(const struct worker *worker) {
  char path[64], facts[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", __atomic_load_n(&worker->id, __ATOMIC_ACQUIRE));
  for (;;) {
    FILE *file = fopen(path, "r");
    EXPECT(file != NULL);
    facts[fread(facts, 1, sizeof facts - 1, file)] = '\0';
    fclose(file);
    const char *state = strrchr(facts, ')');
    if (state != NULL && state[2] == 'S')
      return;
    sched_yield();
  }
}

static void test_blocked_by_libc(void) {
  static struct worker worker;
  worker_start(&worker, block_by_libc_and_read);
  wait_until_reading(&worker);
  EXPECT(fake_reached(worker.object));
  EXPECT(reach_stop_world());
  reach_resume_world();
  worker_end(&worker);
}

static void test_blocked(void) {
  static struct worker worker;
  worker_start(&worker, block_and_read);
  wait_until_reading(&worker);
  size_t threads = 0;
  EXPECT_EQUAL(reach_stop_most(&threads), 1);
  EXPECT_EQUAL(threads, 2);
  reach_resume_world();
  EXPECT(!reach_stop_world());
  EXPECT(fake_reached(worker.object));
  worker_end(&worker);

  worker_start(&worker, leave_and_read);
  wait_until_reading(&worker);
  EXPECT(!fake_reached(worker.object));
  worker_end(&worker);
  EXPECT(reach_stop_world());
  reach_resume_world();
}

/* ---- many, and coming and going ---- */

static void test_many(void) {
  static struct worker workers[64];
  for (size_t i = 0; i < ARRAY_LENGTH(workers); i++)
    worker_start(&workers[i], i % 2 == 0 ? keep_on_stack : keep_while_reading);
  for (int round = 0; round < 3; round++) {
    EXPECT(reach_stop_world());
    uint64_t sum = 0, again = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(workers); i++)
      sum += __atomic_load_n(&workers[i].rounds, __ATOMIC_RELAXED);
    usleep(1000);
    for (size_t i = 0; i < ARRAY_LENGTH(workers); i++)
      again += __atomic_load_n(&workers[i].rounds, __ATOMIC_RELAXED);
    reach_resume_world();
    EXPECT_EQUAL(sum, again);
  }
  EXPECT(fake_reached(workers[0].object));
  for (size_t i = 0; i < ARRAY_LENGTH(workers); i++)
    EXPECT_EQUAL(fake_of(workers[i].object)->mark, 1);
  for (size_t i = 0; i < ARRAY_LENGTH(workers); i++)
    worker_end(&workers[i]);
}

static void *end_at_once(void *argument) {
  return argument;
}

static void *start_others(void *end) {
  while (__atomic_load_n((uint32_t *)end, __ATOMIC_ACQUIRE) == 0) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
      pthread_join(thread, NULL);
  }
  return NULL;
}

/* The list of threads changes while it is read; what was stopped stays so. */
static void test_coming_and_going(void) {
  static struct worker worker;
  worker_start(&worker, keep_on_stack);
  uint32_t end = 0;
  pthread_t starters[3];
  for (size_t i = 0; i < ARRAY_LENGTH(starters); i++)
    EXPECT_EQUAL(pthread_create(&starters[i], NULL, start_others, &end), 0);
  for (int round = 0; round < 60; round++) {
    if (reach_stop_world()) {
      uint64_t before = __atomic_load_n(&worker.rounds, __ATOMIC_RELAXED);
      for (int i = 0; i < 10; i++)
        sched_yield();
      EXPECT_EQUAL(__atomic_load_n(&worker.rounds, __ATOMIC_RELAXED), before);
      reach_resume_world();
    }
    if (round % 20 == 0)
      EXPECT(fake_reached(worker.object));
  }
  __atomic_store_n(&end, 1, __ATOMIC_RELEASE);
  for (size_t i = 0; i < ARRAY_LENGTH(starters); i++)
    pthread_join(starters[i], NULL);
  worker_end(&worker);
}

/* A program's own handler of the signal that would be chosen is left alone. */
static volatile sig_atomic_t own_signals;
static void own_handler(int signal) {
  (void)signal;
  own_signals++;
}

static void test_own_handler(void) {
  for (int signal = SIGRTMAX - 4; signal <= SIGRTMAX; signal++)
    EXPECT(sigaction(signal, &(struct sigaction){.sa_handler = own_handler}, NULL) == 0);
  static struct worker worker;
  worker_start(&worker, keep_on_stack);
  EXPECT(reach_stop_world());
  reach_resume_world();
  EXPECT(fake_reached(worker.object));
  worker_end(&worker);
  EXPECT_EQUAL(own_signals, 0);
  for (int signal = SIGRTMAX - 4; signal <= SIGRTMAX; signal++) {
    struct sigaction now;
    EXPECT_EQUAL(sigaction(signal, NULL, &now), 0);
    EXPECT(now.sa_handler == own_handler);
    signal == SIGRTMAX ? (void)0 : (void)raise(signal);
  }
  EXPECT_EQUAL(own_signals, 4);
}

/* ---- a copy ---- */

static int answers[2];
static struct worker copied;

NOINLINE static void search_copy(void *context, const struct reach_snapshot *snapshot) {
  hidden object = *(hidden *)context;
  /* The thread that keeps it runs on, or ended, in the process that was copied; its stack is here. */
  fake_clear_marks();
  ucontext_t here;
  reach_context(&here);
  bool whole = reach_mark(&fake_world, &here);
  char answer[4] = {(char)whole, (char)fake_of(object)->mark, (char)(snapshot->process == getppid()),
                    (char)(snapshot->threads)};
  EXPECT(write(answers[1], answer, sizeof answer) == sizeof answer);
}

/* Timers are not inherited: the copy must know those of the process it was made of. */
static void test_timer_in_copy(void) {
  if (access("/proc/self/timers", R_OK) != 0)
    return;
  hidden object = fake_object(40);
  struct sigevent wanted = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  wanted.sigev_value.sival_ptr = (void *)~object;
  timer_t timer;
  EXPECT_EQUAL(timer_create(CLOCK_MONOTONIC, &wanted, &timer), 0);
  memset(&wanted, 0, sizeof wanted);
  for (int there = 1; there >= 0; there--) {
    fake_scrub();
    EXPECT(reach_in_copy(search_copy, &object) > 0);
    char answer[4];
    EXPECT_EQUAL(read(answers[0], answer, sizeof answer), 4);
    EXPECT_EQUAL(answer[1], there);
    if (there)
      EXPECT_EQUAL(timer_delete(timer), 0);
  }
}

static void test_copy(void) {
  EXPECT_EQUAL(pipe(answers), 0);
  worker_start(&copied, keep_on_stack);
  hidden lost = fake_object(16);
  for (int round = 0; round < 2; round++) {
    hidden asked = round == 0 ? copied.object : lost;
    int copy = reach_in_copy(search_copy, &asked);
    EXPECT(copy > 0);
    char answer[4];
    EXPECT_EQUAL(read(answers[0], answer, sizeof answer), 4);
    EXPECT_EQUAL(answer[0], 1);
    EXPECT_EQUAL(answer[1], round == 0);
    EXPECT_EQUAL(answer[3], 2);
    /* Nothing of it is the program's to wait for, its marks are not ours, and all runs on. */
    EXPECT(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
    EXPECT_EQUAL(fake_of(asked)->mark, 0);
    uint64_t before = __atomic_load_n(&copied.rounds, __ATOMIC_RELAXED);
    while (__atomic_load_n(&copied.rounds, __ATOMIC_RELAXED) == before)
      sched_yield();
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    EXPECT(!sigismember(&blocked, SIGUSR1) && !sigismember(&blocked, SIGINT));
    fake_clear_marks();
  }
  worker_end(&copied);
}

int main(void) {
  test_kept_by(keep_on_stack, true);
  test_kept_by(keep_while_reading, false);
#if defined(__x86_64__)
  test_kept_by(keep_in_register, true);
  test_kept_by(keep_in_vector_register, true);
#endif
  test_copy();
  test_timer_in_copy();
  test_blocked_by_libc();
  test_blocked();
  test_many();
  test_coming_and_going();
  test_own_handler();
  return 0;
}
