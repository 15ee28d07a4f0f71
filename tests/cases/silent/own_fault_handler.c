/* case: kind=none
 * A program that handles its own faults: it opens a page when it is touched, and counts. */
#include "case.h"
#include <signal.h>
#include <sys/mman.h>

static char *pages;
static volatile sig_atomic_t faults;

static void on_fault(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)4095);
  if (page < pages || page >= pages + 16 * 4096) {
    _exit(9);
  }
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
  faults++;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  pages = mmap(NULL, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 16; i++) {
    ((volatile char *)pages)[i * 4096 + 10] = 1;
  }
  printf("%d\n", (int)faults);
  munmap(pages, 16 * 4096);
  return 0;
}
