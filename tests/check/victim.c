/*
 * victim.c MISDEED [ARGUMENT...]: a program that does the named thing, for everywhere_test.py. Misdeeds that a program
 * survives end with the line "survived" and exit code 0.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define APART __attribute__((noinline))

extern char **environ;
static volatile size_t sink;
static void *volatile kept;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "victim: %s failed: %s\n", what, strerror(errno));
  exit(99);
}

/* ---- Plain errors. ---- */

APART static void overflow(void) {
  volatile char *object = malloc(24);
  object[24] = 1;
  free((void *)object);
}

APART static void use_after_free(void) {
  volatile char *object = malloc(40);
  object[3] = 7;
  free((void *)object);
  sink += (size_t)object[3];
}

APART static void uninitialized(void) {
  volatile int *object = malloc(64);
  if (object[5] > 3)
    sink++;
  free((void *)object);
}

/* One of each: whether the checker works at all. */
APART static void three(void) {
  overflow();
  use_after_free();
  uninitialized();
}

/* Errors that only fences and the quarantine can show. */
APART static void late(void) {
  volatile char *first = malloc(24), *second = malloc(40);
  first[24] = 1;
  free((void *)first);
  free((void *)second);
  second[8] = 1;
}

/* Damage that is found at the end of the program, which ends it by a handler that waits for another thread. */
static volatile sig_atomic_t asked, answered;

static void *answer(void *unused) {
  while (!asked)
    usleep(1000);
  answered = 1;
  return unused;
}

static void wait_for_answer(int number) {
  (void)number;
  for (asked = 1; !answered;)
    usleep(1000);
  _exit(42);
}

static void ended_late(void) {
  pthread_t thread;
  signal(SIGABRT, wait_for_answer);
  pthread_create(&thread, NULL, answer, NULL);
  char *object = malloc(24);
  kept = object;
  object[24] = 1;
}

APART static void lose(void) {
  volatile char *object = malloc(321);
  object[0] = 1;
}

/* Far down the stack, so that no word is left over where others will be. */
APART static void lose_below(volatile char *room) {
  char more[8192];
  room[0] = 1;
  lose();
  more[0] = room[0];
  sink += (size_t) * (volatile char *)more;
}

APART static void lose_deep(void) {
  char room[8192];
  lose_below(room);
}

APART static void keep(void) {
  kept = malloc(123);
}

/* Nobody looks whether there is memory. */
APART static void unchecked(void) {
  char *checked = malloc(50);
  if (checked == NULL)
    exit(0);
  char *object = malloc(60);
  *(volatile char *)object = 1;
  free(object);
  free(checked);
}

APART static void checked_calls(int calls) {
  int missing = 0;
  for (int i = 0; i < calls; i++) {
    char *object = malloc(20);
    missing += object == NULL;
    free(object);
  }
  printf("missing %d\n", missing);
}

APART static void show_fill(void) {
  volatile unsigned char *object = malloc(32);
  printf("fill %d\n", object[7]);
  free((void *)object);
}

static int waits(bool broken) {
  lose_deep();
  keep();
  static char *volatile object;
  object = malloc(24);
  if (broken) {
    volatile char *freed = malloc(40);
    free((void *)freed);
    freed[8] = 1;
    object[24] = 1;
  }
  printf("ready %p\n", kept);
  fflush(stdout);
  char byte;
  return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}

/* ---- Descriptors. ---- */

static void close_all(void) {
  for (int fd = 0; fd < 1024; fd++)
    close(fd);
}

/* Others of the program stand where the library's own were. */
static void reuse_all(const char *path) {
  close_all();
  for (int i = 0; i < 64; i++)
    open(path, O_RDWR | O_CREAT, 0600);
}

/* ---- Signals. ---- */

static sigjmp_buf back;
static char *barred;
static size_t page;
static volatile int caught;

static void jump_out(int number) {
  caught++;
  siglongjmp(back, number);
}

static void handle_by(int number, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_flags = SA_SIGINFO | flags};
  action.sa_sigaction = handler;
  require(sigaction(number, &action, NULL) == 0, "sigaction");
}

static void jump_test(void) {
  signal(SIGSEGV, jump_out);
  volatile int rounds = 0;
  if (sigsetjmp(back, 1) == 0 || ++rounds < 3)
    *(volatile int *)8 = 1; /* NOLINT: meant */
  require(caught == 3, "jumping out of a handler");
}

static void open_page(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  char *at = info->si_addr;
  if (at < barred || at >= barred + 16 * page)
    abort();
  caught++;
  require(mprotect(barred + (size_t)(at - barred) / page * page, page, PROT_READ | PROT_WRITE) == 0, "mprotect");
}

/* As a collector does that waits for writes. */
static void barrier_test(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  barred = mmap(NULL, 16 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(barred != MAP_FAILED, "mmap");
  handle_by(SIGSEGV, open_page, 0);
  for (size_t i = 0; i < 16; i++) {
    volatile char *object = malloc(33);
    object[4] = (char)i;
    barred[i * page + 5] = object[4];
    free((void *)object);
  }
  require(caught == 16, "the barrier");
}

static void note_signal(int number, siginfo_t *info, void *context) {
  (void)number, (void)info, (void)context;
  volatile char *object = malloc(77);
  object[76] = 1;
  caught += object[76];
  free((void *)object);
}

static void alternate_test(void *memory, size_t bytes) {
  stack_t stack = {.ss_sp = memory, .ss_size = bytes}, before;
  require(sigaltstack(&stack, NULL) == 0, "sigaltstack");
  handle_by(SIGUSR1, note_signal, SA_ONSTACK);
  for (int i = 0; i < 10; i++)
    raise(SIGUSR1);
  require(caught == 10, "handlers on the alternate stack");
  require(sigaltstack(NULL, &before) == 0 && before.ss_sp == memory && before.ss_size == bytes,
          "asking for it again");
  three(); /* faults while it stands */
  stack = (stack_t){.ss_flags = SS_DISABLE};
  require(sigaltstack(&stack, NULL) == 0, "giving it up");
}

static size_t small_stack(void) {
  long least = sysconf(_SC_MINSIGSTKSZ);
  return (least > 0 ? (size_t)least : 2048) + 8192;
}

static void block_all(void) {
  sigset_t all;
  sigfillset(&all);
  require(sigprocmask(SIG_BLOCK, &all, NULL) == 0, "sigprocmask");
}

/* ---- Other ways of control. ---- */

static ucontext_t main_context, routines[4];
static int resumed;

static void routine(int number) {
  for (int i = 0; i < 50; i++) {
    volatile char *object = malloc(48);
    object[1] = (char)number;
    resumed += object[1] == (char)number;
    swapcontext(&routines[number], &main_context);
    free((void *)object);
  }
  if (number == 2)
    three();
}

static void coroutines_test(void) {
  void *stacks[4];
  for (int i = 0; i < 4; i++) {
    stacks[i] = malloc(256 << 10);
    require(getcontext(&routines[i]) == 0, "getcontext");
    routines[i].uc_stack = (stack_t){.ss_sp = stacks[i], .ss_size = 256 << 10};
    routines[i].uc_link = &main_context;
    makecontext(&routines[i], (void (*)(void))(uintptr_t)routine, 1, i);
  }
  for (int round = 0; round <= 50; round++)
    for (int i = 0; i < 4; i++)
      swapcontext(&main_context, &routines[i]);
  for (int i = 0; i < 4; i++)
    free(stacks[i]);
  require(resumed == 200, "the coroutines");
}

static jmp_buf *jump_target;
APART static void deep(int depth, char *object) {
  char *volatile mine = malloc(30);
  mine[0] = object[0];
  free(mine);
  if (depth > 0)
    deep(depth - 1, object);
  else if (sink != SIZE_MAX)
    longjmp(*jump_target, 1);
}

static void jumps_test(void) {
  for (volatile int i = 0; i < 200; i++) {
    char *volatile object = malloc(sizeof *jump_target + 8); /* the buffer itself is watched memory */
    jump_target = (jmp_buf *)(void *)object;
    char byte = 1;
    if (setjmp(*jump_target) == 0)
      deep(20, &byte);
    free(object);
  }
}

static void modules_test(const char *path) {
#if defined(WITHOUT_MODULES)
  (void)path;
#else
  for (int i = 0; i < 30; i++) {
    void *module = dlopen(path, RTLD_NOW);
    require(module != NULL, "dlopen");
    void (*work)(int) = (void (*)(int))(uintptr_t)dlsym(module, "module_work");
    require(work != NULL, "dlsym");
    work(i == 20);
    dlclose(module);
  }
#endif
}

/* ---- Vectors. ---- */

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) APART static void avx2_test(void) {
  enum { COUNT = 1000 };
  for (int round = 0; round < 20; round++) {
    float *a = malloc(COUNT * sizeof *a), *b = malloc(COUNT * sizeof *b);
    int *index = malloc(COUNT * sizeof *index);
    for (int i = 0; i < COUNT; i++)
      index[i] = COUNT - 1 - i;
    for (int i = 0; i < COUNT; i += 8)
      _mm256_storeu_ps(a + i, _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(const void *)(index + i))));
    for (int i = 0; i + 8 <= COUNT; i += 8)
      _mm256_storeu_ps(b + i,
                       _mm256_i32gather_ps(a, _mm256_loadu_si256((const __m256i *)(const void *)(index + i)), 4));
    /* A masked access does not touch what it leaves out, behind the end here. */
    __m256i mask = _mm256_setr_epi32(-1, -1, -1, 0, 0, 0, 0, 0);
    __m256 tail = _mm256_maskload_ps(b + COUNT - 3, mask);
    _mm256_maskstore_ps(a + COUNT - 3, mask, _mm256_fmadd_ps(tail, tail, tail));
    for (int i = 0; i < COUNT; i++) {
      require(b[i] == (float)i, "the gather");
      require(a[i] == (i < COUNT - 3 ? (float)(COUNT - 1 - i) : (float)i * (float)i + (float)i), "the masked store");
    }
    free(a), free(b), free(index);
  }
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) APART static void avx512_test(void) {
  enum { COUNT = 999 };
  for (int round = 0; round < 20; round++) {
    int *a = malloc(COUNT * sizeof *a), *b = malloc(COUNT * sizeof *b);
    __m512i ramp = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int i = 0; i < COUNT; i += 16) {
      __mmask16 mask = COUNT - i >= 16 ? 0xffff : (__mmask16)((1u << (COUNT - i)) - 1);
      _mm512_mask_storeu_epi32(a + i, mask, _mm512_add_epi32(ramp, _mm512_set1_epi32(i)));
      __m512i loaded = _mm512_maskz_loadu_epi32(mask, a + i);
      _mm512_mask_i32scatter_epi32(b, mask, _mm512_sub_epi32(_mm512_set1_epi32(COUNT - 1), loaded), loaded, 4);
    }
    __mmask16 odd = 0xaaaa;
    char *packed = malloc(32);
    memset(packed, 0, 32);
    _mm512_mask_compressstoreu_epi32(packed, odd, _mm512_loadu_si512(a));
    for (int i = 0; i < COUNT; i++)
      require(a[i] == i && b[i] == COUNT - 1 - i, "masked stores and scatters");
    for (int i = 0; i < 8; i++)
      require(((const int *)(const void *)packed)[i] == 2 * i + 1, "the compressing store");
    free(a), free(b), free(packed);
  }
}
#endif

static int vectors_test(void) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return 77;
  avx2_test();
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl"))
    return 78;
  avx512_test();
  return 0;
#else
  return 77;
#endif
}

/* ---- Threads and processes. ---- */

static pthread_barrier_t barrier;
static volatile bool stop;

static void *mix(void *argument) {
  unsigned number = (unsigned)(uintptr_t)argument, state = number + 1;
  void *objects[16] = {NULL};
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < 400; i++) {
    state = state * 1664525u + 1013904223u;
    unsigned at = state >> 24 & 15;
    free(objects[at]);
    objects[at] = malloc(1 + (state >> 8 & 1023));
    memset(objects[at], (int)number, 1 + (state >> 8 & 1023));
  }
  for (int i = 0; i < 16; i++)
    free(objects[i]);
  if (number == 33)
    three();
  return NULL;
}

static void threads_test(void) {
  pthread_t threads[64];
  pthread_barrier_init(&barrier, NULL, 64);
  for (uintptr_t i = 0; i < 64; i++)
    require(pthread_create(&threads[i], NULL, mix, (void *)i) == 0, "pthread_create");
  for (int i = 0; i < 64; i++)
    pthread_join(threads[i], NULL);
}

static int storm_forks;

static void *storm(void *argument) {
  for (int i = 0; i < storm_forks; i++) {
    char *object = malloc(100 + (size_t)i);
    memset(object, 1, 100);
    pid_t child = fork();
    if (child == 0) {
      char *own = malloc(300);
      memset(own, 2, 300);
      free(object);
      _exit(own[299] == 2 ? 5 : 6);
    }
    int status = 0;
    require(child > 0 && waitpid(child, &status, 0) == child, "fork");
    require(WIFEXITED(status) && WEXITSTATUS(status) == 5, "a child");
    free(object);
  }
  return argument;
}

static void storm_test(int threads, int forks) {
  pthread_t ids[64];
  storm_forks = forks;
  for (int i = 0; i < threads; i++)
    require(pthread_create(&ids[i], NULL, storm, NULL) == 0, "pthread_create");
  for (int i = 0; i < threads; i++)
    pthread_join(ids[i], NULL);
}

static void expect_end(pid_t child, int code) {
  int status;
  require(waitpid(child, &status, 0) == child, "waitpid");
  require(WIFEXITED(status) && WEXITSTATUS(status) == code, "a child's end");
}

/* Each way to start a program, on ourselves. */
static void starts_test(char *self) {
  char deed[] = "overflow", *arguments[] = {self, deed, NULL}, command[4096];
  pid_t child = vfork();
  if (child == 0) {
    execv(self, arguments);
    _exit(98);
  }
  expect_end(child, 0);
  require(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0, "posix_spawn");
  expect_end(child, 0);
  snprintf(command, sizeof command, "'%s' overflow", self);
  require(system(command) == 0, "system");
  FILE *pipe = popen(command, "r");
  require(pipe != NULL, "popen");
  char line[100];
  require(fgets(line, sizeof line, pipe) != NULL && strcmp(line, "survived\n") == 0, "reading of the pipe");
  require(pclose(pipe) == 0, "pclose");
}

static void *keep_busy(void *argument) {
  while (!stop) {
    char *object = malloc(200);
    object[0] = 1;
    free(object);
  }
  return argument;
}

static void *keep_freeing(void *argument) {
  void *objects[512];
  for (unsigned i = 0; i < 512; i++)
    objects[i] = malloc(64);
  for (unsigned i = 0;; i = (i + 1) % 512) {
    free(objects[i]);
    objects[i] = malloc(1 + i % 200);
    memset(objects[i], 1, 1 + i % 200);
  }
  return argument;
}

/* main returns while they are at it. */
static void busy_end(void) {
  pthread_t thread;
  for (int i = 0; i < 4; i++)
    require(pthread_create(&thread, NULL, keep_freeing, NULL) == 0, "pthread_create");
  usleep(20000);
}

static void err_in_handler(int number, siginfo_t *info, void *context) {
  (void)number, (void)info, (void)context;
  *(volatile int *)16 = 1; /* NOLINT: meant */
}

/* Nothing of what surrounds the objects is left, nor of libc's own. */
static void smash_test(void) {
  pthread_t thread;
  require(pthread_create(&thread, NULL, keep_busy, NULL) == 0, "pthread_create");
  handle_by(SIGUSR1, err_in_handler, 0);
  size_t count = 400;
  unsigned char *objects[400];
  for (size_t i = 0; i < count; i++)
    objects[i] = malloc(100);
  for (size_t i = 0; i < count; i++)
    for (unsigned char *volatile at = objects[i] - 16; at < objects[i] + 116; at++)
      *at = 0x41;
  static char *nowhere[] = {(char *)0x4141414141414141};
  environ = nowhere;
  memset(stdout, 0x41, sizeof *stdout);
  memset(stderr, 0x41, sizeof *stderr);
  raise(SIGUSR1);
  _exit(97);
}

/* ---- Other users and roots. ---- */

static void confined_child(const char *directory) {
  pid_t child = fork();
  if (child == 0) {
    require(chroot(directory) == 0 && chdir("/") == 0, "chroot");
    require(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0, "setuid");
    three();
    _exit(0);
  }
  expect_end(child, 0);
}

int main(int count, char **arguments) {
  const char *deed = count > 1 ? arguments[1] : "";
  const char *argument = count > 2 ? arguments[2] : "";
#define DEED(word) (strcmp(deed, word) == 0)
  if (DEED("clean"))
    ;
  else if (DEED("overflow"))
    overflow();
  else if (DEED("three"))
    three();
  else if (DEED("late"))
    late();
  else if (DEED("ended_late"))
    ended_late();
  else if (DEED("lose"))
    lose();
  else if (DEED("lose_and_keep"))
    lose(), keep();
  else if (DEED("unchecked"))
    unchecked();
  else if (DEED("checked_calls"))
    checked_calls(atoi(argument));
  else if (DEED("fill"))
    show_fill();
  else if (DEED("waits"))
    return waits(strcmp(argument, "broken") == 0);
  else if (DEED("close_all")) {
    close_all();
    three();
    return 0;
  } else if (DEED("reuse_all")) {
    reuse_all(argument);
    three();
    return 0;
  } else if (DEED("jump"))
    jump_test(), three();
  else if (DEED("barrier"))
    barrier_test();
  else if (DEED("alternate"))
    alternate_test(mmap(NULL, small_stack(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                   small_stack());
  else if (DEED("alternate_in_heap")) {
    void *memory = malloc(small_stack());
    alternate_test(memory, small_stack());
    free(memory);
  } else if (DEED("blocked"))
    block_all(), three();
  else if (DEED("coroutines"))
    coroutines_test();
  else if (DEED("jumps"))
    jumps_test();
  else if (DEED("modules"))
    modules_test(argument);
  else if (DEED("vectors")) {
    int code = vectors_test();
    if (code != 0)
      return code;
  } else if (DEED("threads"))
    threads_test();
  else if (DEED("storm"))
    storm_test(atoi(argument), atoi(arguments[3]));
  else if (DEED("starts"))
    starts_test(arguments[0]);
  else if (DEED("busy_end"))
    busy_end();
  else if (DEED("smash"))
    smash_test();
  else if (DEED("confined"))
    confined_child(argument);
  else if (DEED("exec")) {
    execv(arguments[2], arguments + 2);
    return 98;
  } else {
    fprintf(stderr, "victim: no misdeed %s\n", deed);
    return 96;
  }
  puts("survived");
  return 0;
}
