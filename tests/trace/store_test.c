/* The cheap way to a stack's id gives what the full way gives; and code without unwind information is walked by its frame
 * pointers. */
#include "compare.h"
#include "expect.h"
#include "trace/stack.h"

#include <alloca.h>
#include <pthread.h>
#include <sys/mman.h>

static volatile int sink;

static __attribute__((noinline)) void store_both(stack_id *id) {
  struct stack_place place = STACK_HERE();
  stack_id full = stack_store(place, false);
  EXPECT(full != 0);
  for (int i = 0; i < 3; i++)
    EXPECT_EQUAL(stack_store(place, true), full);
  uintptr_t stored[STACK_FRAMES_MOST], walked[STACK_FRAMES_MOST];
  size_t count = stack_unwind(place, walked, STACK_FRAMES_MOST, NULL);
  EXPECT_EQUAL(stack_load(full, stored, STACK_FRAMES_MOST), count);
  EXPECT(memcmp(stored, walked, count * sizeof *stored) == 0);
  *id = full;
}

/* All of one size, so that sp is the same whichever way one came. */
#define LINK(name, next)                                                                                             \
  static __attribute__((noinline)) void name(stack_id *id) {                                                         \
    next(id);                                                                                                        \
    sink++;                                                                                                          \
  }
LINK(inner, store_both)
LINK(left, inner)
LINK(right, inner)
LINK(left_outer, left)
LINK(right_outer, left)

/* Frames whose size changes from call to call: where the return addresses are depends on fp. */
static __attribute__((noinline)) void by_fp(size_t size, stack_id *id) {
  volatile char *bytes = alloca(size);
  bytes[0] = 1;
  inner(id);
  sink += bytes[0];
}

static __attribute__((noinline)) void ways(void) {
  for (int time = 0; time < 100; time++) {
    stack_id a, b, c, d;
    left(&a);
    right(&b);
    left_outer(&c);
    right_outer(&d);
    EXPECT(a != b && a != c && a != d && c != d && b != c);
    stack_id same = 0, now;
    for (size_t size = 16; size < 300; size += 16) {
      by_fp(size, &now);
      EXPECT(same == 0 || same == now);
      same = now;
    }
  }
}

static void *ways_in_thread(void *argument) {
  ways();
  return argument;
}

#if defined(__x86_64__)

static stack_id id_inside;
static size_t least;
static void callback(void) {
  uintptr_t frames[STACK_FRAMES_MOST];
  store_both(&id_inside);
  size_t count = stack_load(id_inside, frames, STACK_FRAMES_MOST);
  EXPECT(count >= least);
}

/* Saves fp as compilers do, and says nothing of it. */
void without_information(void (*function)(void));
__asm__(".text\n"
        ".type without_information, @function\n"
        "without_information:\n"
        "  push %rbp\n"
        "  mov %rsp, %rbp\n"
        "  sub $64, %rsp\n"
        "  call *%rdi\n"
        "  leave\n"
        "  ret\n"
        ".size without_information, . - without_information\n");

static __attribute__((noinline)) void through(void (*code)(void (*)(void)), uintptr_t start, size_t bytes) {
  uintptr_t frames[STACK_FRAMES_MOST];
  code(callback);
  struct frame_list outer;
  frame_list_by_libgcc(&outer);
  size_t count = stack_load(id_inside, frames, STACK_FRAMES_MOST);
  /* callback, the code, this function, its callers. */
  EXPECT_EQUAL(count, outer.count + 2);
  EXPECT(frames[1] - start < bytes);
  frame_lists_expect_equal("without information", frames + 3, count - 3, outer.frames + 1, outer.count - 1);
  sink++;
}

static void plain_frames(void) {
  least = 5;
  through(without_information, (uintptr_t)without_information, 64);
  /* The same, made at run time. */
  void *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(made != MAP_FAILED);
  memcpy(made, (void *)(uintptr_t)without_information, 64);
  through((void (*)(void (*)(void)))(uintptr_t)made, (uintptr_t)made, 64);
  munmap(made, 4096);
}

#else
static void plain_frames(void) {}
#endif

int main(void) {
  ways(); /* also before the start */
  stack_start();
  ways();
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    EXPECT(pthread_create(&threads[i], NULL, ways_in_thread, NULL) == 0);
  for (int i = 0; i < 4; i++)
    EXPECT(pthread_join(threads[i], NULL) == 0);
  plain_frames();
  return 0;
}
