#include "instruction_trap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct trap_counts trap_counts;

static uintptr_t closed_start;
static size_t closed_bytes;
static trap_visitor *visit;

enum { TRAP_FLAG = 0x100, ERROR_WRITE = 2 };

static void on_fault(int signal, siginfo_t *info, void *opaque) {
  ucontext_t *context = opaque;
  uintptr_t address = (uintptr_t)info->si_addr;
  if (address - closed_start >= closed_bytes) {
    struct sigaction initial = {.sa_handler = SIG_DFL};
    sigaction(signal, &initial, NULL);
    return;
  }
  trap_counts.traps++;
  mprotect((void *)closed_start, closed_bytes, PROT_READ | PROT_WRITE);
  struct instruction instruction;
  if (!instruction_read(context, &instruction)) {
    trap_counts.undecoded++;
  } else {
    bool writes = (context->uc_mcontext.gregs[REG_ERR] & ERROR_WRITE) != 0, explained = false;
    for (unsigned number = 0; number < instruction.access_count; number++) {
      const struct instruction_access *access = &instruction.accesses[number];
      explained |= address - access->address < access->bytes && (writes ? access->writes : access->reads);
    }
    if (!explained) {
      printf("unexplained: %s at %p by the instruction at %p\n", writes ? "write" : "read", info->si_addr,
             (void *)context->uc_mcontext.gregs[REG_RIP]);
      trap_counts.unexplained++;
    }
    if (visit != NULL)
      visit(context, &instruction);
  }
  context->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int signal, siginfo_t *info, void *opaque) {
  (void)signal;
  (void)info;
  ((ucontext_t *)opaque)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
  mprotect((void *)closed_start, closed_bytes, PROT_NONE);
}

void trap_start(void) {
  if (!instruction_start())
    abort();
  struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  struct sigaction step = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &fault, NULL);
  sigaction(SIGTRAP, &step, NULL);
}

void trap_close(void *start, size_t bytes, trap_visitor *visitor) {
  closed_start = (uintptr_t)start;
  closed_bytes = bytes;
  visit = visitor;
  mprotect(start, bytes, PROT_NONE);
}

void trap_open(void) {
  mprotect((void *)closed_start, closed_bytes, PROT_READ | PROT_WRITE);
}
