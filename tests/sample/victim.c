/*
 * victim.c: does one thing wrong, or something near it, while all of its objects are sampled. errors_test.py says which,
 * and reads what becomes of it.
 *
 *   victim NAME
 */
#include "../api/expect.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/wait.h>

#define BYTES 40
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* A compiler must not know what these do. */
static void *volatile taken;
static volatile char sink;

__attribute__((noinline)) static void *allocate_here(size_t bytes) {
  taken = API(malloc)(bytes);
  EXPECT(taken != NULL);
  memset(taken, 1, bytes);
  return taken;
}
__attribute__((noinline)) static void free_here(void *object) {
  API(free)(object);
  taken = NULL;
}
__attribute__((noinline)) static void read_here(const volatile char *at) {
  sink = *at;
}
__attribute__((noinline)) static void write_here(volatile char *at) {
  *at = 7;
}

/* ---- Errors. ---- */

static void overflow_read(void) {
  char *object = allocate_here(BYTES);
  read_here(object + 4096);
}
static void overflow_write(void) {
  char *object = allocate_here(64 * 1024);
  write_here(object + 64 * 1024);
}
/* The page of the object has room behind it. */
static void overflow_slack(void) {
  char *object = allocate_here(BYTES);
  write_here(object + BYTES);
  free_here(object);
}
static void underflow_write(void) {
  char *object = allocate_here(4096);
  write_here(object - 1);
}
/* Before the object there are bytes of its page, or the guard. */
static void underflow_slack(void) {
  char *object = allocate_here(BYTES);
  write_here(object - 1);
  free_here(object);
}
static void use_after_free_read(void) {
  char *object = allocate_here(BYTES);
  free_here(object);
  read_here(object + 8);
}
static void use_after_free_write(void) {
  char *object = allocate_here(20000);
  free_here(object);
  write_here(object + 19000);
}
static void use_after_realloc(void) {
  char *object = allocate_here(BYTES);
  taken = API(realloc)(object, 2 * BYTES);
  read_here(object);
}
static void double_free(void) {
  char *object = allocate_here(BYTES);
  free_here(object);
  free_here(object);
}
static void *free_in_thread(void *object) {
  free_here(object);
  return NULL;
}
static void double_free_other_thread(void) {
  char *object = allocate_here(BYTES);
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, free_in_thread, object) == 0);
  pthread_join(thread, NULL);
  free_here(object);
}
static void invalid_free(void) {
  free_here((char *)allocate_here(BYTES) + 8);
}
static void realloc_freed(void) {
  char *object = allocate_here(BYTES);
  free_here(object);
  taken = API(realloc)(object, 100);
}
static void usable_size_freed(void) {
  char *object = allocate_here(BYTES);
  free_here(object);
  sink = (char)API(malloc_usable_size)(object);
}
static void wrong_heap(void) {
  fh_heap *heap = fh_heap_create(NULL);
  EXPECT(heap != NULL);
  fh_heap_free(heap, allocate_here(BYTES));
}

/* ---- What is no error of a sampled object: it must end as ever, and nothing is to be said of it. ---- */

static void wild_read(void) {
  read_here((const volatile char *)16);
}
/* Code can't be there: the fault is not in the object's data. */
static void run_data(void) {
  void (*code)(void);
  void *object = allocate_here(4096);
  memcpy(&code, &object, sizeof code);
  code();
}
static void sent(void) {
  kill(getpid(), SIGSEGV);
}
static void sent_and_ignored(void) {
  EXPECT(signal(SIGSEGV, SIG_IGN) == SIG_DFL);
  kill(getpid(), SIGSEGV);
}

/* Everything that is right. */
static void clean(void) {
  for (size_t bytes = 0; bytes < 70000; bytes += 1 + bytes / 3) {
    char *object = API(malloc)(bytes);
    EXPECT(object != NULL && (uintptr_t)object % 16 == 0 && API(malloc_usable_size)(object) >= bytes);
    memset(object, 1, bytes);
    object = API(realloc)(object, bytes + 100);
    for (size_t i = 0; i < bytes; i++)
      EXPECT(object[i] == 1);
    object = API(realloc)(object, 10);
    EXPECT(object != NULL && (bytes == 0 || object[0] == 1));
    API(free)(object);
    char *zeros = API(calloc)(1, bytes);
    for (size_t i = 0; i < bytes; i++)
      EXPECT(zeros[i] == 0);
    API(free_sized)(zeros, bytes);
    for (size_t alignment = 16; alignment <= 65536; alignment *= 2) {
      char *aligned = API(aligned_alloc)(alignment, bytes);
      EXPECT(aligned != NULL && (uintptr_t)aligned % alignment == 0);
      memset(aligned, 2, bytes);
      API(free)(aligned);
    }
  }
  fh_heap *heap = fh_heap_create(NULL);
  void *object = fh_heap_malloc(heap, BYTES);
  fh_heap_free(heap, fh_heap_realloc(heap, object, 200));
  fh_heap_destroy(heap);
}

/* More live objects than there are slots, and the slots again after they were freed. */
static void many(void) {
  enum { COUNT = 2000 };
  static char *objects[COUNT];
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < COUNT; i++) {
      objects[i] = API(malloc)(100);
      EXPECT(objects[i] != NULL);
      memset(objects[i], (int)(i % 100), 100);
    }
    for (size_t i = 0; i < COUNT; i++)
      for (size_t j = 0; j < 100; j++)
        EXPECT(objects[i][j] == (char)(i % 100));
    for (size_t i = 0; i < COUNT; i++)
      API(free)(objects[i]);
  }
}

/* The limit is for guarded objects and others together. */
static void limited(void) {
  enum { COUNT = 1000 };
  size_t taken_bytes = 0;
  for (size_t i = 0; i < COUNT; i++)
    if (API(malloc)(60000) != NULL)
      taken_bytes += 60000;
  printf("%zu\n", taken_bytes);
}

/* ---- Handlers of the program's own. ---- */

static char *volatile expected_address;
static int status = 17;

static void handler(int number, siginfo_t *info, void *context) {
  (void)context;
  _exit(number == SIGSEGV && info->si_addr == expected_address ? status : 99);
}
static void plain_handler(int number) {
  _exit(number == SIGSEGV ? status : 99);
}

static void set_handler(unsigned flags) {
  struct sigaction action = {.sa_flags = (int)(SA_SIGINFO | flags)};
  action.sa_sigaction = handler;
  EXPECT(sigaction(SIGSEGV, &action, NULL) == 0);
}

static void fault_after_free(void) {
  char *object = allocate_here(BYTES);
  expected_address = object;
  free_here(object);
  read_here(object);
}

#ifndef STATIC_VICTIM
/* Before any constructor of a library: our handler is set when the program's is there already. */
static void early(int argc, char **argv, char **environment) {
  (void)environment;
  if (argc > 1 && strncmp(argv[1], "early_", 6) == 0) {
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = handler;
    sigaction(SIGSEGV, &action, NULL);
  }
}
__attribute__((section(".preinit_array"), used)) static void (*const early_entry)(int, char **, char **) = early;
#endif

static void early_handler(void) {
  struct sigaction now;
  EXPECT(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == handler);
  fault_after_free();
}
static void early_handler_wild(void) {
  expected_address = (char *)16;
  wild_read();
}
static void late_handler(void) {
  set_handler(0);
  struct sigaction now;
  EXPECT(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == handler && now.sa_flags == SA_SIGINFO);
  fault_after_free();
}
static void late_handler_wild(void) {
  set_handler(0);
  expected_address = (char *)16;
  wild_read();
}
static void signal_handler(void) {
  EXPECT(signal(SIGSEGV, plain_handler) == SIG_DFL);
  EXPECT(signal(SIGSEGV, plain_handler) == plain_handler);
  fault_after_free();
}
static void other_signal(void) {
  struct sigaction now;
  EXPECT(signal(SIGUSR1, plain_handler) == SIG_DFL && sigaction(SIGUSR1, NULL, &now) == 0);
  EXPECT(now.sa_handler == plain_handler && ((unsigned)now.sa_flags & SA_RESTART) != 0);
  EXPECT(sigaction(0, NULL, NULL) == -1 && errno == EINVAL);
  EXPECT(signal(0, SIG_DFL) == SIG_ERR);
}
/* The one that was there is called by the one that came. */
static struct sigaction first;
static void chaining_handler(int number, siginfo_t *info, void *context) {
  status = 18;
  first.sa_sigaction(number, info, context);
}
static void chained_handlers(void) {
  set_handler(0);
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = chaining_handler;
  EXPECT(sigaction(SIGSEGV, &action, &first) == 0 && first.sa_sigaction == handler);
  fault_after_free();
}
/* It puts things right, and the instruction is tried again. */
#if defined(__x86_64__)
int load_first(const volatile char *at);
__asm__(".pushsection .text\n\t"
        ".type load_first, @function\n"
        "load_first:\n\t"
        "movsbl (%rdi), %eax\n\t"
        "ret\n\t"
        ".size load_first, .-load_first\n\t"
        ".popsection");
static const char *volatile moved = "!";
static void mending_handler(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RDI] = (greg_t)(uintptr_t)moved;
}
static void mending(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = mending_handler;
  EXPECT(sigaction(SIGSEGV, &action, NULL) == 0);
  for (int i = 0; i < 3; i++) {
    char *object = allocate_here(BYTES);
    free_here(object);
    EXPECT(load_first(object) == '!');
  }
}
#else
static void mending(void) {
  exit(77);
}
#endif
/* Twice, by a handler that is there once. */
static sigjmp_buf back;
static void jumping_handler(int number) {
  siglongjmp(back, number);
}
static void reset_handler(void) {
  struct sigaction action = {.sa_flags = (int)SA_RESETHAND}, now;
  action.sa_handler = jumping_handler;
  EXPECT(sigaction(SIGSEGV, &action, NULL) == 0);
  if (sigsetjmp(back, 1) == 0)
    fault_after_free();
  EXPECT(sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
  puts("caught");
  fflush(stdout);
  fault_after_free();
}
static void jumping(void) {
  EXPECT(signal(SIGSEGV, jumping_handler) == SIG_DFL);
  for (int i = 0; i < 5; i++)
    if (sigsetjmp(back, 1) == 0)
      fault_after_free();
}
/* A stack that has room for the kernel's frame and little else. */
static volatile uintptr_t handler_stack;
static void stack_handler(int number, siginfo_t *info, void *context) {
  (void)context;
  handler_stack = (uintptr_t)__builtin_frame_address(0);
  _exit(number == SIGSEGV && info->si_addr == expected_address && handler_stack - (uintptr_t)taken < 16384 ? 17 : 99);
}
static void small_stack(void) {
  static char memory[16384 + 64];
  size_t bytes = (size_t)getauxval(AT_MINSIGSTKSZ) + 3072;
  EXPECT(bytes <= 16384);
  char *stack = memory + 64;
  memset(memory, 0x5a, 64);
  stack_t alternate = {.ss_sp = stack, .ss_size = bytes};
  EXPECT(sigaltstack(&alternate, NULL) == 0);
  struct sigaction action = {.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK)};
  action.sa_sigaction = stack_handler;
  EXPECT(sigaction(SIGSEGV, &action, NULL) == 0);
  char *object = allocate_here(BYTES);
  expected_address = object;
  free_here(object);
  taken = stack;
  read_here(object);
}
/* What the program blocks meanwhile is blocked. */
static void mask_handler(int number, siginfo_t *info, void *context) {
  (void)info;
  (void)context;
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  _exit(sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGUSR2) == 0 && sigismember(&now, number) == 1 ? 17
                                                                                                             : 99);
}
static void masked(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = mask_handler;
  sigaddset(&action.sa_mask, SIGUSR1);
  EXPECT(sigaction(SIGSEGV, &action, NULL) == 0);
  fault_after_free();
}

/* ---- Fork and threads. ---- */

static void in_child(void) {
  char *object = allocate_here(BYTES);
  fflush(stdout);
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    free_here(object);
    read_here(object);
    _exit(0);
  }
  int outcome;
  EXPECT(waitpid(child, &outcome, 0) == child && WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGSEGV);
  read_here(object); /* it lives on here */
  free_here(object);
}
static void *error_in_thread(void *unused) {
  use_after_free_read();
  return unused;
}
static void in_thread(void) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, error_in_thread, NULL) == 0);
  pthread_join(thread, NULL);
}
static void *allocate_and_end(void *unused) {
  (void)unused;
  return API(malloc)(BYTES);
}
static void threads_end(void) {
  for (int i = 0; i < 500; i++) {
    pthread_t thread;
    void *object;
    EXPECT(pthread_create(&thread, NULL, allocate_and_end, NULL) == 0);
    EXPECT(pthread_join(thread, &object) == 0 && object != NULL);
    memset(object, 1, BYTES);
    API(free)(object);
  }
}

/* ---- With on_misuse=report. ---- */

static void goes_on(void) {
  double_free();
  invalid_free();
  overflow_slack();
  overflow_read();
  use_after_free_read();
  use_after_free_read();
  realloc_freed();
  char *object = allocate_here(BYTES);
  free_here(object);
  write_here(object); /* the page is memory now, and nobody's */
  read_here(object);
  many();
  puts("still here");
}

static const struct {
  const char *name;
  void (*run)(void);
} modes[] = {
#define MODE(name)                                                                                                   \
  { #name, name }
    MODE(overflow_read),
    MODE(overflow_write),
    MODE(overflow_slack),
    MODE(underflow_write),
    MODE(underflow_slack),
    MODE(use_after_free_read),
    MODE(use_after_free_write),
    MODE(use_after_realloc),
    MODE(double_free),
    MODE(invalid_free),
    MODE(realloc_freed),
    MODE(double_free_other_thread),
    MODE(usable_size_freed),
    MODE(wrong_heap),
    MODE(wild_read),
    MODE(run_data),
    MODE(sent),
    MODE(sent_and_ignored),
    MODE(clean),
    MODE(many),
    MODE(limited),
    MODE(early_handler),
    MODE(early_handler_wild),
    MODE(late_handler),
    MODE(late_handler_wild),
    MODE(signal_handler),
    MODE(other_signal),
    MODE(chained_handlers),
    MODE(mending),
    MODE(reset_handler),
    MODE(jumping),
    MODE(small_stack),
    MODE(masked),
    MODE(in_child),
    MODE(in_thread),
    MODE(threads_end),
    MODE(goes_on),
};

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (argc > 1 && strcmp(argv[1], modes[i].name) == 0) {
      modes[i].run();
      return 0;
    }
  return 2;
}
