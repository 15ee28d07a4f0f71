/* case: kind=none
 * longjmp out of deep calls, alloca, and a signal handler on a stack of its own. */
#include "case.h"
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>

static jmp_buf back;
static volatile sig_atomic_t signals;

static void on_signal(int number) {
  signals += number;
}

static NOINLINE void descend(int depth) {
  char *room = alloca(100 + (size_t)depth);
  memset(opaque(room), depth, 100);
  if (depth == 50) {
    longjmp(back, 7);
  }
  descend(depth + 1);
  __asm__ volatile("" : : "r"(room));
}

int main(void) {
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  int value = setjmp(back);
  if (value == 0) {
    descend(1);
  }
  raise(SIGUSR1);
  printf("%d %d\n", value, signals == SIGUSR1);
  stack_t off = {.ss_flags = SS_DISABLE};
  sigaltstack(&off, NULL);
  free(stack.ss_sp);
  return 0;
}
