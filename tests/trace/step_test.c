/*
 * From every instruction the callers are found that are really there.
 *
 * The processor stops after each instruction (the trap flag). What a call pushed and a return took away is known then,
 * and is what the walk must find: prologues, epilogues, tail calls, the stubs that bind functions late.
 */
#include "compare.h"
#include "trace/stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <search.h>
#include <time.h>
#include <wchar.h>

#define DEPTH_MOST 300

static struct {
  bool begun;
  uintptr_t before_pc, before_sp;
  size_t depth;
  uintptr_t returns[DEPTH_MOST], slots[DEPTH_MOST]; /* outermost first; where on the stack they stand */
  struct frame_list outer;                          /* callers of what is traced */
  const char *what;
  unsigned long steps, wrong, shown;
} trace;

/* Whether the instruction there is a near call. */
static bool is_call(const unsigned char *code) {
  while (*code == 0x66 || *code == 0xf2 || *code == 0x3e || *code == 0x67 || (*code & 0xf0) == 0x40)
    code++;
  return *code == 0xe8 || (*code == 0xff && (code[1] >> 3 & 7) == 2);
}

static void show_wrong(uintptr_t pc, const uintptr_t *got, size_t got_count, const uintptr_t *wanted,
                       size_t wanted_count) {
  Dl_info where;
  if (trace.shown++ >= 20)
    return;
  if (dladdr((void *)pc, &where) == 0)
    memset(&where, 0, sizeof where);
  fprintf(stderr, "%s: wrong callers at %lx = %s + %lx in %s\n", trace.what, (unsigned long)pc,
          where.dli_sname ? where.dli_sname : "?", (unsigned long)(pc - (uintptr_t)where.dli_fbase),
          where.dli_fname ? where.dli_fname : "?");
  for (size_t i = 0; i < 6; i++)
    fprintf(stderr, "  %14lx  %14lx\n", i < got_count ? (unsigned long)got[i] : 0,
            i < wanted_count ? (unsigned long)wanted[i] : 0);
}

/* The same from the handler itself, through the frame that the kernel made. */
static __attribute__((noinline)) void look_from_handler(uintptr_t pc, const uintptr_t *wanted, size_t count) {
  uintptr_t got[COMPARE_FRAMES];
  size_t found = stack_unwind(STACK_HERE(), got, COMPARE_FRAMES, NULL);
  if (found != count + 2 || memcmp(got + 2, wanted, count * sizeof *got) != 0) {
    trace.wrong++;
    show_wrong(pc, got + 2, found - 2, wanted, count);
  }
}

static void after_instruction(int signal, siginfo_t *information, void *context_pointer) {
  (void)signal;
  (void)information;
  ucontext_t *context = context_pointer;
  uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP], sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
  int saved_errno = errno;
  if (trace.begun) {
    /* Below sp is what was returned from, or left by longjmp. */
    while (trace.depth > 0 && trace.slots[trace.depth - 1] < sp)
      trace.depth--;
    if (is_call((const unsigned char *)trace.before_pc) && sp == trace.before_sp - 8 && trace.depth < DEPTH_MOST) {
      trace.slots[trace.depth] = sp;
      trace.returns[trace.depth++] = *(uintptr_t *)sp;
    }
  }
  trace.before_pc = pc;
  trace.before_sp = sp;
  trace.begun = true;
  trace.steps++;
  if (trace.depth == 0) {
    errno = saved_errno;
    return; /* in what began the trace */
  }

  uintptr_t wanted[COMPARE_FRAMES + DEPTH_MOST + 1], got[COMPARE_FRAMES];
  size_t count = 0;
  wanted[count++] = pc;
  for (size_t i = trace.depth; i-- > 0;)
    wanted[count++] = trace.returns[i];
  for (size_t i = 1; i < trace.outer.count; i++)
    wanted[count++] = trace.outer.frames[i];
  size_t found = stack_unwind_context(context, got, COMPARE_FRAMES, NULL);
  if (found != count || memcmp(got, wanted, count * sizeof *got) != 0) {
    trace.wrong++;
    show_wrong(pc, got, found, wanted, count);
  }
  look_from_handler(pc, wanted, count);
  errno = saved_errno;
}

static __attribute__((noinline)) void traced(const char *what, void (*function)(void)) {
  frame_list_by_libgcc(&trace.outer);
  trace.what = what;
  trace.begun = false;
  trace.depth = 0;
  unsigned long steps = trace.steps, wrong = trace.wrong;
  __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" ::: "memory", "cc");
  function();
  __asm__ volatile("pushfq; andl $~0x100, (%%rsp); popfq" ::: "memory", "cc");
  printf("%-12s %8lu instructions, %lu wrong\n", what, trace.steps - steps, trace.wrong - wrong);
}

static volatile double number = 12345.678;
static char text[400];

static int compare_ints(const void *left, const void *right) {
  return *(const int *)left - *(const int *)right;
}

static void sorting(void) {
  int numbers[60];
  for (int i = 0; i < 60; i++)
    numbers[i] = i * 37 % 60;
  qsort(numbers, 60, sizeof *numbers, compare_ints);
  void *root = NULL;
  for (int i = 0; i < 20; i++)
    tsearch(&numbers[i], &root, compare_ints);
  for (int i = 0; i < 20; i++)
    tdelete(&numbers[i], &root, compare_ints);
}

static void printing(void) {
  snprintf(text, sizeof text, "%s %d %10.3f %g %a %lx %c %5s", "text", 42, number, number, number, 0xabcdefUL, 'x',
           "y");
}

static void reading(void) {
  int whole;
  char word[20];
  double real;
  sscanf("12 word 3.25", "%d %19s %lf", &whole, word, &real);
  number = strtod("1.234567890123456789e-10", NULL) + 12345;
  whole += (int)strtol("777", NULL, 8);
}

static void strings(void) {
  size_t length = strlen(text);
  memmove(text + 1, text, length);
  memset(text + 200, 'a', 90);
  char *found = strstr(text, "4.2");
  char copy[400];
  strcpy(copy, text);
  number += found != NULL ? 1 : 0;
  number += (double)(strcmp(copy, text) + (int)strspn(copy, "abc") + memcmp(copy, text, 100));
  strtok(copy, " ");
  number += (double)wcslen(L"wide");
}

static void times(void) {
  time_t now = 1700000000;
  struct tm broken;
  struct timespec clock;
  gmtime_r(&now, &broken);
  strftime(text, sizeof text, "%A %B %F %T", &broken);
  clock_gettime(CLOCK_MONOTONIC, &clock);
  number += (double)mktime(&broken);
}

static void memory(void) {
  void *pieces[30];
  for (size_t i = 0; i < 30; i++)
    pieces[i] = malloc(i * i * 40 + 1);
  for (size_t i = 0; i < 30; i += 2)
    pieces[i] = realloc(pieces[i], 2000);
  for (size_t i = 0; i < 30; i++)
    free(pieces[i]);
}

static void *start(void *argument) {
  return argument;
}

static void looking_up(void) {
  /* Not of a name that isn't there: the loader then jumps out by longjmp, inside of which the unwind information is that of
   * where it is going. */
  number += dlsym(RTLD_DEFAULT, "qsort") != NULL;
  Dl_info where;
  dladdr((void *)(uintptr_t)start, &where);
  setlocale(LC_ALL, "C");
}

static __attribute__((noinline)) long realigned(long depth) {
  volatile char bytes[64] __attribute__((aligned(64)));
  bytes[depth] = 1;
  long result = depth == 0 ? 0 : realigned(depth - 1);
  return result + bytes[depth];
}

static void own_frames(void) {
  number += (double)realigned(5);
}

int main(void) {
  static char signal_stack[1 << 18];
  stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = after_instruction;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGTRAP, &action, NULL);
  stack_start();
  traced("sorting", sorting);
  traced("printing", printing);
  traced("reading", reading);
  traced("strings", strings);
  traced("times", times);
  traced("memory", memory);
  traced("looking up", looking_up);
  traced("own frames", own_frames);
  return trace.wrong == 0 && trace.steps > 20000 ? 0 : 1;
}
