/*
 * Does instruction_read say what the processor does? Each form below is run for real, with its operands on pages that may
 * not be touched, and again with an operand that ends, or starts, at the border of such pages:
 *
 *   1. the address that faults lies in an access that is told, of the direction that the processor tells
 *   2. after a step on opened pages the bytes that have changed are those that were told as written
 *   3. an operand that just fits in what may be touched doesn't fault; moved by the least that its alignment allows, it does
 *
 * A form that this processor doesn't have is left out, and counted.
 */
#include "guard/instruction.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct form {
  const char *begin, *tested, *text, *flags;
};

/* flags: h the access told may be more than what is touched; j the operand is where to go on; r the operand is fixed;
 * d the direction flag is set; z the operand must be zeros; n no access. `setup` runs before. */
#define FORM(flags, setup, text)                                                                                     \
  __asm__(".pushsection .text\n1:\n" setup "\n2:\n" text "\nint3\n.popsection\n"                                     \
          ".pushsection .rodata\n3: .asciz \"" text "\"\n4: .asciz \"" flags "\"\n.popsection\n"                     \
          ".pushsection forms, \"aw\"\n.balign 8\n.quad 1b, 2b, 3b, 4b\n.popsection\n");
#define F(text)        FORM("", "", text)
#define SETUP(s, text) FORM("", s, text)
#include "instruction_forms.h"

extern const struct form __start_forms[], __stop_forms[];

enum { AREA_PAGES = 8, PAGE = 4096, AREA_BYTES = AREA_PAGES * PAGE, MIDDLE = AREA_BYTES / 2 };
enum { TARGET, SOURCE, STACK, FIXED, AREAS };
static char *areas[AREAS];
/* The operand of the forms that name it by its distance from the code. */
__attribute__((aligned(4096), used, visibility("hidden"))) char fixed_operand[AREA_BYTES];

static uint64_t bases[AREAS];

enum outcome { DONE, FAULTED, MISALIGNED, UNSUPPORTED, UNDECODED };

static sigjmp_buf leave;
static const struct form *form;
static bool armed, probing;
static volatile bool told;
static struct instruction instruction;
static uintptr_t fault_address;
static char *snapshot;
static int failures;

static void fail(const char *what) {
  printf("%-44s %s\n", form->text, what);
  failures++;
}

static bool has_flag(char flag) {
  return strchr(form->flags, flag) != NULL;
}

static void protect(int protection) {
  for (unsigned area = 0; area < AREAS; area++)
    mprotect(areas[area], AREA_BYTES, protection);
}

static void enter(int signal, siginfo_t *info, void *opaque) {
  (void)signal;
  (void)info;
  greg_t *registers = ((ucontext_t *)opaque)->uc_mcontext.gregs;
  uint64_t thread;
  __asm__("mov %%fs:0, %0" : "=r"(thread));
  uint64_t target = bases[TARGET];
  registers[REG_RAX] = 0x41;
  registers[REG_RCX] = 3;
  registers[REG_RDX] = 37;
  registers[REG_RBX] = registers[REG_RBP] = registers[REG_R10] = registers[REG_RDI] = (greg_t)target;
  registers[REG_R11] = (greg_t)(target - thread);
  registers[REG_RSI] = (greg_t)bases[SOURCE];
  registers[REG_RSP] = (greg_t)bases[STACK];
  registers[REG_R8] = -45;
  registers[REG_R9] = 0x1122334455667788;
  registers[REG_R12] = 1;
  registers[REG_R13] = (greg_t)(target - 0x1000);
  registers[REG_R14] = (greg_t)(target - 8);
  registers[REG_R15] = 0x1000;
  registers[REG_EFL] |= 0x100 | (has_flag('d') ? 0x400 : 0);
  registers[REG_RIP] = (greg_t)(uintptr_t)form->begin;
  armed = form->begin == form->tested;
}

static bool told_covers(uintptr_t address, bool writes) {
  for (unsigned number = 0; number < instruction.access_count; number++) {
    const struct instruction_access *access = &instruction.accesses[number];
    if (address - access->address < access->bytes && (writes ? access->writes : access->reads || access->writes))
      return true;
  }
  return false;
}

static void on_fault(int signal, siginfo_t *info, void *opaque) {
  (void)signal;
  ucontext_t *context = opaque;
  if ((uintptr_t)context->uc_mcontext.gregs[REG_RIP] != (uintptr_t)form->tested && !has_flag('j')) {
    printf("%s: fault at %p, outside of the instruction\n", form->text, info->si_addr);
    _exit(1);
  }
  if (info->si_code == SI_KERNEL)
    siglongjmp(leave, MISALIGNED + 1);
  fault_address = (uintptr_t)info->si_addr;
  if (!probing)
    siglongjmp(leave, FAULTED + 1);
  if (told)
    siglongjmp(leave, FAULTED + 1); /* a second time, although all is open */
  told = true;
  if (!instruction_read(context, &instruction))
    siglongjmp(leave, UNDECODED + 1);
  if (!told_covers(fault_address, (context->uc_mcontext.gregs[REG_ERR] & 2) != 0))
    fail("the address that faulted is in none of the accesses told");
  protect(PROT_READ | PROT_WRITE);
}

static void on_step(int signal, siginfo_t *info, void *opaque) {
  (void)signal;
  (void)info;
  uintptr_t at = (uintptr_t)((ucontext_t *)opaque)->uc_mcontext.gregs[REG_RIP];
  if (at == (uintptr_t)form->tested) {
    armed = true;
    return;
  }
  if (!armed && at > (uintptr_t)form->begin && at < (uintptr_t)form->tested)
    return;
  siglongjmp(leave, DONE + 1);
}

static void on_other(int signal, siginfo_t *info, void *opaque) {
  (void)info;
  (void)opaque;
  /* A division that overflows has read its operand. */
  siglongjmp(leave, (signal == SIGFPE ? DONE : UNSUPPORTED) + 1);
}

__attribute__((naked, used)) static void landing(void) {
  __asm__("int3");
}

static enum outcome run(void) {
  int reason = sigsetjmp(leave, 0);
  if (reason == 0)
    raise(SIGUSR1);
  return (enum outcome)(reason - 1);
}

static void fill(int pattern) {
  protect(PROT_READ | PROT_WRITE);
  for (unsigned area = 0; area < AREAS; area++) {
    /* No two places hold the same: what is copied changes something. */
    for (size_t byte = 0; byte < AREA_BYTES; byte++)
      areas[area][byte] =
          has_flag('z') ? 0 : (char)((unsigned)pattern ^ ((unsigned)byte * 7 + (unsigned)byte / 256) ^ area * 64);
    if (has_flag('j') && area != FIXED) {
      uintptr_t to = (uintptr_t)landing;
      memcpy((void *)bases[area], &to, sizeof to);
    }
  }
}

static void home(void) {
  for (unsigned area = 0; area < AREAS; area++)
    bases[area] = (uintptr_t)areas[area] + MIDDLE;
}

/* Bytes that were told as written against those that have changed under either pattern. */
static enum outcome check_told(void) {
  static char changed[AREAS][AREA_BYTES];
  memset(changed, 0, sizeof changed);
  for (unsigned round = 0; round < 2; round++) {
    int pattern = round == 0 ? 0x5a : 0xa5;
    home();
    fill(pattern);
    for (unsigned area = 0; area < AREAS; area++)
      memcpy(snapshot + (size_t)area * AREA_BYTES, areas[area], AREA_BYTES);
    protect(PROT_NONE);
    probing = true;
    told = false;
    enum outcome outcome = run();
    probing = false;
    protect(PROT_READ | PROT_WRITE);
    if (outcome != DONE)
      return outcome;
    if (!told) {
      if (!has_flag('n'))
        fail("did not touch its operand");
      return DONE;
    }
    for (unsigned area = 0; area < AREAS; area++)
      for (size_t byte = 0; byte < AREA_BYTES; byte++)
        changed[area][byte] |= areas[area][byte] != snapshot[(size_t)area * AREA_BYTES + byte];
  }
  for (unsigned area = 0; area < AREAS; area++)
    for (size_t byte = 0; byte < AREA_BYTES; byte++) {
      uintptr_t address = (uintptr_t)areas[area] + byte;
      bool written = told_covers(address, true), only = written;
      for (unsigned number = 0; number < instruction.access_count; number++)
        if (address - instruction.accesses[number].address < instruction.accesses[number].bytes &&
            instruction.accesses[number].reads)
          only = false;
      if (changed[area][byte] && !written) {
        fail("has written a byte that was not told");
        return DONE;
      }
      if (only && !changed[area][byte] && !has_flag('h')) {
        fail("has not written a byte that was told");
        return DONE;
      }
    }
  return DONE;
}

/* With the pages from the area's middle on closed, or those before it: the operand's end, or start, at the border. */
static void check_border(unsigned area, size_t from, size_t to, bool upper) {
  char *border = areas[area] + MIDDLE;
  uintptr_t edge = upper ? to : from;
  static const uintptr_t moves[] = {0, 1, 16, 32, 64};
  for (unsigned number = 0; number < sizeof moves / sizeof *moves; number++) {
    home();
    bases[area] += MIDDLE - edge;
    bases[area] += upper ? moves[number] : -moves[number];
    fill(0x5a);
    mprotect(upper ? border : areas[area], MIDDLE, PROT_NONE);
    enum outcome outcome = run();
    if (outcome == MISALIGNED)
      continue;
    if (number == 0 && outcome == FAULTED)
      fail(upper ? "touches more behind than was told" : "touches more in front than was told");
    if (number > 0 && outcome != FAULTED)
      fail(upper ? "touches less at its end than was told" : "touches less at its start than was told");
    if (number > 0)
      return;
  }
}

static void check_borders(void) {
  struct instruction whole = instruction;
  for (unsigned area = 0; area < FIXED; area++) {
    size_t from = SIZE_MAX, to = 0;
    for (unsigned number = 0; number < whole.access_count; number++) {
      uintptr_t start = whole.accesses[number].address - (uintptr_t)areas[area];
      if (start >= AREA_BYTES)
        continue;
      from = start < from ? start : from;
      to = start + whole.accesses[number].bytes > to ? start + whole.accesses[number].bytes : to;
    }
    if (to == 0)
      continue;
    check_border(area, from, to, true);
    check_border(area, from, to, false);
  }
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigaction(signal, &action, NULL);
}

int main(void) {
  if (!instruction_start())
    return 1;
  for (unsigned area = 0; area < FIXED; area++) {
    /* Low, so that the forms with 32-bit addresses reach it. */
    areas[area] = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (areas[area] == MAP_FAILED)
      return 1;
  }
  areas[FIXED] = fixed_operand;
  snapshot = mmap(NULL, (size_t)AREAS * AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static char stack[1 << 16];
  stack_t signal_stack = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&signal_stack, NULL);
  handle(SIGUSR1, enter);
  handle(SIGSEGV, on_fault);
  handle(SIGBUS, on_fault);
  handle(SIGTRAP, on_step);
  handle(SIGILL, on_other);
  handle(SIGFPE, on_other);

  unsigned run_forms = 0, left_out = 0;
  for (form = __start_forms; form < __stop_forms; form++) {
    memset(&instruction, 0, sizeof instruction);
    enum outcome outcome = check_told();
    if (outcome == UNSUPPORTED) {
      left_out++;
      continue;
    }
    run_forms++;
    if (outcome == UNDECODED)
      fail("is not decoded");
    else if (outcome != DONE)
      fail(outcome == MISALIGNED ? "is misaligned" : "faults although all is open");
    else if (has_flag('n') && told)
      fail("touches its operand");
    else if (!has_flag('n') && !has_flag('h') && !has_flag('r') && !has_flag('j'))
      check_borders();
  }
  printf("%u forms run, %u not known to this processor, %d failures\n", run_forms, left_out, failures);
  return failures == 0 && run_forms > 300 ? 0 : 1;
}
