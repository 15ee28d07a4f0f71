/*
 * Time in which others had the processor is none of the run's own: a share of it must not be spent on guarding, or a program
 * on a busy machine would take many times its usual time. Exit status 77 where the kernel does not tell of waiting.
 */
#include "check/dial.h"
#include "space/kernel.h"

#include "../api/expect.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define RIVALS             4
#define MILLISECOND        1000000u
#define WAITED_ENOUGH      (1000 * (uint64_t)MILLISECOND)
#define SPENT_MILLISECONDS 200u /* more than the allowance, less than it and a fifth of a second */
#define CALLS_ENOUGH       100  /* the dial asks the clock once in some calls */

/* Wants the processor that this process is on all the time. */
static pid_t start_rival(void) {
  pid_t rival = fork();
  EXPECT(rival >= 0);
  if (rival == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (volatile unsigned long turns = 0;; turns++)
      ;
  }
  return rival;
}

static bool has_time(void) {
  bool answer = false;
  for (int i = 0; i < CALLS_ENOUGH; i++)
    answer = dial_exact();
  return answer;
}

/* Ticks of the dial in a millisecond of the clock. */
static uint64_t ticks_of_millisecond(void) {
  uint64_t clock = kernel_now(), ticks = dial_ticks();
  while (kernel_now() - clock < 20 * MILLISECOND)
    ;
  return (dial_ticks() - ticks) / 20;
}

int main(void) {
  char schedstat[64];
  if (kernel_read_file("/proc/self/schedstat", schedstat, sizeof schedstat) <= 0)
    return 77;
  uint64_t millisecond = ticks_of_millisecond();
  dial_start();
  EXPECT(has_time());
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((unsigned)sched_getcpu(), &one);
  EXPECT(sched_setaffinity(0, sizeof one, &one) == 0);
  pid_t rivals[RIVALS];
  for (size_t i = 0; i < RIVALS; i++)
    rivals[i] = start_rival();
  EXPECT(nice(19) != -1);
  uint64_t start = kernel_now(), waited_before = kernel_waited_nanoseconds();
  while (kernel_waited_nanoseconds() - waited_before < WAITED_ENOUGH)
    EXPECT(kernel_now() - start < 60 * (uint64_t)1000 * MILLISECOND);
  for (size_t i = 0; i < RIVALS; i++) {
    EXPECT(kill(rivals[i], SIGKILL) == 0);
    EXPECT(waitpid(rivals[i], NULL, 0) == rivals[i]);
  }
  EXPECT(has_time()); /* nothing was spent yet */
  /* In pieces: a long one would count as interrupted. */
  for (unsigned i = 0; i < 2 * SPENT_MILLISECONDS; i++)
    dial_spent_since(dial_ticks() - millisecond / 2);
  uint64_t passed = dial_nanoseconds();
  EXPECT(passed > WAITED_ENOUGH);
  EXPECT(!has_time());
  return 0;
}
