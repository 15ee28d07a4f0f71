/* Functions whose frames are of every kind a compiler makes. Compiled several times, with other options and CASES. */
#include "compare.h"

#include <alloca.h>
#include <pthread.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b)  JOIN2(a, b)
#define NAME(name)  JOIN(name##_, CASES)
#define TEXT2(a)    #a
#define TEXT(a)     TEXT2(a)
#define WHAT(what)  TEXT(CASES) ": " what

void NAME(cases)(void);

/* Keeps a call from being the last thing, and a buffer from being left out. */
static volatile int sink;
static __attribute__((noinline)) void use(volatile char *bytes, size_t size) {
  for (size_t i = 0; i < size; i += 64)
    bytes[i] = (char)i;
  sink++;
}

static __attribute__((noinline)) int recursion(int depth, long a, long b, long c, long d, long e, long f, long g) {
  if (depth == 0)
    observe(WHAT("recursion"), 100);
  else
    sink += recursion(depth - 1, b, c, d, e, f, g, a + depth);
  return (int)(a * 2 + b * 3 + c * 5 + d * 7 + e + f + g);
}

static __attribute__((noinline)) void with_alloca(size_t size) {
  volatile char *bytes = alloca(size);
  use(bytes, size);
  observe(WHAT("alloca"), 3);
  use(bytes, size);
}

static __attribute__((noinline)) void with_large_frame(void) {
  volatile char bytes[300000];
  use(bytes, sizeof bytes);
  observe(WHAT("large frame"), 3);
  use(bytes, sizeof bytes);
}

static __attribute__((noinline)) void with_realigned(int depth) {
  volatile char bytes[192] __attribute__((aligned(64)));
  use(bytes, sizeof bytes);
  if (depth == 0)
    observe(WHAT("realigned"), 6);
  else
    with_realigned(depth - 1);
  use(bytes, sizeof bytes);
}

/* More arguments than registers, and alloca: the frame needs a pointer to its arguments beside fp. */
static __attribute__((noinline)) long with_realigned_arguments(long a, long b, long c, long d, long e, long f, long g,
                                                               long h, size_t size) {
  volatile char bytes[128] __attribute__((aligned(128)));
  volatile char *more = alloca(size);
  use(bytes, sizeof bytes);
  use(more, size);
  observe(WHAT("realigned with arguments"), 3);
  use(bytes, sizeof bytes);
  return a + b + c + d + e + f + g * h;
}

static __attribute__((noinline)) int variadic(int count, ...) {
  va_list arguments;
  va_start(arguments, count);
  double sum = 0;
  for (int i = 0; i < count; i++)
    sum += va_arg(arguments, double);
  observe(WHAT("variadic"), 3);
  va_end(arguments);
  return (int)sum;
}

static int compare_ints(const void *left, const void *right) {
  static int calls;
  if (calls++ % 16 == 0)
    observe(WHAT("callback of qsort"), 4);
  return *(const int *)left - *(const int *)right;
}

static int compare_found(const void *left, const void *right) {
  observe(WHAT("callback of bsearch"), 4);
  return *(const int *)left - *(const int *)right;
}

static void once(void) {
  observe(WHAT("callback of pthread_once"), 4);
}

static void visit(const void *node, VISIT order, int depth) {
  (void)node;
  (void)order;
  (void)depth;
  observe(WHAT("callback of twalk"), 4);
}

static void *thread_main(void *argument) {
  recursion(100, 1, 2, 3, 4, 5, 6, 7);
  with_realigned(3);
  return argument;
}

/* Never comes back: its callers end with the call, and the return address is not theirs any more. */
static jmp_buf back;
static __attribute__((noinline, noreturn)) void leave(void) {
  observe(WHAT("call at the end of a function"), 4);
  longjmp(back, 1);
}
static __attribute__((noinline, noreturn)) void end_in_call(void) {
  volatile char bytes[200];
  use(bytes, sizeof bytes);
  leave();
}

static __attribute__((noinline)) void handle(int signal) {
  (void)signal;
  observe(WHAT("handler of a signal"), 6);
  sink++;
}

static __attribute__((noinline)) void with_signal(int flags) {
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = handle;
  action.sa_flags = flags;
  sigaction(SIGUSR1, &action, &before);
  raise(SIGUSR1);
  sigaction(SIGUSR1, &before, NULL);
}

void NAME(cases)(void) {
  sink += recursion(100, 1, 2, 3, 4, 5, 6, 7);
  for (size_t size = 16; size < 4000; size += 700)
    with_alloca(size);
  with_large_frame();
  with_realigned(3);
  for (size_t size = 16; size < 4000; size += 700)
    sink += (int)with_realigned_arguments(1, 2, 3, 4, 5, 6, 7, 8, size);
  sink += variadic(3, 1.0, 2.0, 3.0);
  if (setjmp(back) == 0)
    end_in_call();
  int numbers[200];
  for (int i = 0; i < 200; i++)
    numbers[i] = i * 7919 % 200;
  qsort(numbers, 200, sizeof *numbers, compare_ints);
  int wanted = 77;
  sink += bsearch(&wanted, numbers, 200, sizeof *numbers, compare_found) != NULL;
  static pthread_once_t control = PTHREAD_ONCE_INIT;
  pthread_once(&control, once);
  void *root = NULL;
  for (int i = 0; i < 5; i++)
    tsearch(&numbers[i * 13], &root, compare_found);
  twalk(root, visit);
  pthread_t thread;
  if (pthread_create(&thread, NULL, thread_main, NULL) != 0 || pthread_join(thread, NULL) != 0)
    abort();
  with_signal(0);
  with_signal(SA_ONSTACK);
}
