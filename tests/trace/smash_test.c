/*
 * No stack is so broken that looking at it faults; and what is in order is found on stacks of any kind.
 *
 * A fault ends the test by its signal.
 */
#include "compare.h"
#include "expect.h"
#include "trace/stack.h"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE ((size_t)4096)

static uint64_t seed = 1;

/* Addresses that are near something: code, stacks, mappings, ends of mappings, nothing at all. */
static uintptr_t holes, heap, code[4];

static uintptr_t some_value(uintptr_t near_sp) {
  uint64_t random = random_next(&seed);
  switch (random % 10) {
  case 0:
    return near_sp + (random >> 8) % 65536;
  case 1:
    return near_sp + ((random >> 8) % 512) * 8;
  case 2:
    return holes + (random >> 8) % (16 * PAGE);
  case 3:
    return holes + ((random >> 8) % 16) * PAGE - 8 * ((random >> 40) % 4);
  case 4:
    return heap + (random >> 8) % 4096;
  case 5:
  case 6:
    return code[(random >> 8) % 4] + (random >> 16) % 2048;
  case 7:
    return (random >> 8) % 4 == 0 ? 0 : UINTPTR_MAX - (random >> 16) % 32;
  case 8:
    return near_sp - (random >> 8) % (64 * MIB);
  default:
    return random;
  }
}

static void look_at(struct stack_place place) {
  uintptr_t frames[64];
  bool cut;
  EXPECT(stack_unwind(place, frames, 64, &cut) >= 1);
  EXPECT_EQUAL(frames[0], place.pc);
  ucontext_t context;
  memset(&context, 0, sizeof context);
#if defined(__x86_64__)
  for (int i = 0; i < NGREG; i++)
    context.uc_mcontext.gregs[i] = (greg_t)some_value(place.sp);
  context.uc_mcontext.gregs[REG_RIP] = (greg_t)place.pc;
  context.uc_mcontext.gregs[REG_RSP] = (greg_t)place.sp;
  context.uc_mcontext.gregs[REG_RBP] = (greg_t)place.fp;
#endif
  EXPECT(stack_unwind_context(&context, frames, 64, &cut) >= 1);
  stack_store(place, true);
  stack_store(place, true);
}

/* Any pc, any sp, any fp. */
static void random_places(int count) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  for (int i = 0; i < count; i++)
    look_at((struct stack_place){some_value(here), some_value(here), some_value(here)});
}

/* A true place on a stack whose words have been replaced: as a buffer overflow leaves it. */
static __attribute__((noinline)) void smashed_copy(struct stack_place place) {
  enum { WORDS = 512 };
  uintptr_t *copy = mmap(NULL, WORDS * 8 + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(copy != MAP_FAILED);
  /* What is above the last word can't be read. */
  EXPECT(munmap((char *)copy + WORDS * 8, PAGE) == 0);
  for (int time = 0; time < 3000; time++) {
    for (size_t i = 0; i < WORDS; i++)
      copy[i] = random_next(&seed) % 3 == 0 ? some_value((uintptr_t)copy) : ((uintptr_t *)place.sp)[i % 200];
    size_t from = random_next(&seed) % WORDS;
    look_at((struct stack_place){place.pc, (uintptr_t)(copy + from), some_value((uintptr_t)copy)});
  }
  munmap(copy, WORDS * 8);
}

/* The real stack: the return address and the frame pointer of this very frame. */
static __attribute__((noinline)) void smashed_frame(void) {
  uintptr_t *frame = __builtin_frame_address(0);
  uintptr_t saved[2] = {frame[0], frame[1]};
  for (int i = 0; i < 3000; i++) {
    frame[0] = some_value((uintptr_t)frame);
    frame[1] = some_value((uintptr_t)frame);
    struct stack_place place = {(uintptr_t)code[0] + 1, (uintptr_t)frame, frame[0]};
    look_at(place);
    place.pc = saved[1];
    look_at(place);
    frame[0] = saved[0];
    frame[1] = saved[1];
  }
}

/* ---- Coroutines ---- */

static ucontext_t main_context, coroutine_context;

static __attribute__((noinline)) void compare_coroutine(void) {
  struct frame_list wanted;
  uintptr_t got[COMPARE_FRAMES];
  for (int time = 0; time < 2; time++) {
    frame_list_by_libgcc(&wanted);
    size_t count = stack_unwind(STACK_HERE(), got, COMPARE_FRAMES, NULL);
    EXPECT(count > 20);
    frame_lists_expect_equal("coroutine", got, count, wanted.frames + 1, wanted.count - 1);
  }
}

static __attribute__((noinline)) int deep(int depth) {
  volatile char bytes[600];
  bytes[0] = (char)depth;
  if (depth == 0) {
    compare_coroutine();
    return bytes[0];
  }
  return deep(depth - 1) + bytes[0];
}

static void coroutine(void) {
  deep(20);
  swapcontext(&coroutine_context, &main_context);
}

/* Stacks that come and go at one address, the later ones shorter: what was known of one isn't believed of the next. */
static void coroutines(void) {
  enum { PAGES = 32 };
  char *all = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(all != MAP_FAILED);
  for (size_t pages = PAGES - 1; pages >= 16; pages--) {
    EXPECT(mprotect(all, PAGES * PAGE, PROT_NONE) == 0);
    EXPECT(mprotect(all, pages * PAGE, PROT_READ | PROT_WRITE) == 0);
    EXPECT(getcontext(&coroutine_context) == 0);
    coroutine_context.uc_stack.ss_sp = all;
    coroutine_context.uc_stack.ss_size = pages * PAGE;
    coroutine_context.uc_link = NULL;
    makecontext(&coroutine_context, coroutine, 0);
    EXPECT(swapcontext(&main_context, &coroutine_context) == 0);
    for (int i = 0; i < 500; i++)
      look_at((struct stack_place){code[i % 4] + 20, (uintptr_t)all + random_next(&seed) % (PAGES * PAGE),
                                   (uintptr_t)all + random_next(&seed) % (PAGES * PAGE)});
  }
  munmap(all, PAGES * PAGE);
}

static void *in_thread(void *argument) {
  random_places(3000);
  coroutines();
  smashed_frame();
  return argument;
}

static __attribute__((noinline)) void with_place(void) {
  smashed_copy(STACK_HERE());
}

/* A call to an address where there is no code: the caller is still found. */
static uintptr_t wild_frames[64];
static size_t wild_count;
static void after_wild_call(int signal, siginfo_t *information, void *context) {
  (void)signal;
  (void)information;
  wild_count = stack_unwind_context(context, wild_frames, 64, NULL);
  ucontext_t *at = context;
#if defined(__x86_64__)
  at->uc_mcontext.gregs[REG_RIP] = *(greg_t *)at->uc_mcontext.gregs[REG_RSP];
  at->uc_mcontext.gregs[REG_RSP] += 8;
#elif defined(__aarch64__)
  at->uc_mcontext.pc = at->uc_mcontext.regs[30];
#endif
}

static __attribute__((noinline)) void wild_call(uintptr_t address) {
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = after_wild_call;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &before);
  void (*volatile function)(void) = (void (*)(void))address;
  struct frame_list wanted;
  frame_list_by_libgcc(&wanted);
  function();
  sigaction(SIGSEGV, &before, NULL);
  EXPECT_EQUAL(wild_frames[0], address);
  EXPECT(wild_count > 3);
  frame_lists_expect_equal("wild call", wild_frames + 2, wild_count - 2, wanted.frames + 1, wanted.count - 1);
}

int main(void) {
  stack_start();
  holes = (uintptr_t)mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 1; i < 16; i += 2)
    EXPECT(i % 4 == 1 ? munmap((char *)holes + i * PAGE, PAGE) == 0
                      : mprotect((char *)holes + i * PAGE, PAGE, PROT_NONE) == 0);
  for (size_t i = 0; i < 16; i += 2)
    for (size_t word = 0; word < PAGE / 8; word++)
      ((uintptr_t *)(holes + i * PAGE))[word] = holes + random_next(&seed) % (16 * PAGE);
  heap = (uintptr_t)malloc(4096);
  code[0] = (uintptr_t)in_thread;
  code[1] = (uintptr_t)printf;
  code[2] = (uintptr_t)qsort;
  code[3] = (uintptr_t)stack_unwind;
  random_places(20000);
  with_place();
  smashed_frame();
  coroutines();
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, in_thread, NULL) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  wild_call(0);
  wild_call(0x123456789abcu);
  free((void *)heap);
  return 0;
}
