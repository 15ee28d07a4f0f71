#include "tool/supervise/call_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

enum rule_condition {
  ALWAYS,
  IF_NOT_ZERO,     /* the low half of an argument */
  IF_BOTH_SET,     /* of an argument, and of the pointer two further on */
  IF_TERMINAL_PUT, /* an ioctl that types for the user */
  IF_ATTACHES,     /* a ptrace request that begins to trace another */
};

/* When a rule counts: in every program, in one that may mount, in one that Landlock does not hold. */
enum rule_scope { EVERYWHERE, PRIVILEGED, ALONE };

struct rule {
  int number, number_32; /* of this architecture, and of i386; -1: it has none */
  enum rule_condition condition;
  int argument;
  enum rule_scope scope;
};

#ifdef SYS_iopl
#define NUMBER_IOPL   SYS_iopl
#define NUMBER_IOPERM SYS_ioperm
#else
#define NUMBER_IOPL   (-1)
#define NUMBER_IOPERM (-1)
#endif

/* The numbers are the kernel's, from asm/unistd_64.h and asm/unistd_32.h; those above 420 are the same everywhere. */
static const struct rule rules[] = {
    {SYS_perf_event_open, 336, IF_NOT_ZERO, 1, EVERYWHERE}, /* of another: its stack may be sampled */
    {SYS_bpf, 357, ALWAYS, 0, EVERYWHERE},
    {SYS_prlimit64, 340, IF_BOTH_SET, 0, EVERYWHERE}, /* a limit of another can end it */
    {SYS_ioctl, 54, IF_TERMINAL_PUT, 1, EVERYWHERE},
    {SYS_open_by_handle_at, 342, ALWAYS, 0, EVERYWHERE},
    {SYS_init_module, 128, ALWAYS, 0, EVERYWHERE},
    {SYS_finit_module, 350, ALWAYS, 0, EVERYWHERE},
    {SYS_delete_module, 129, ALWAYS, 0, EVERYWHERE},
    {SYS_kexec_load, 283, ALWAYS, 0, EVERYWHERE},
    {SYS_kexec_file_load, -1, ALWAYS, 0, EVERYWHERE},
    {NUMBER_IOPL, 110, ALWAYS, 0, EVERYWHERE},
    {NUMBER_IOPERM, 101, ALWAYS, 0, EVERYWHERE},
    {SYS_mount, 21, ALWAYS, 0, PRIVILEGED},
    {SYS_umount2, 52, ALWAYS, 0, PRIVILEGED},
    {-1, 22, ALWAYS, 0, PRIVILEGED}, /* the old umount */
    {SYS_pivot_root, 217, ALWAYS, 0, PRIVILEGED},
    {SYS_setns, 346, ALWAYS, 0, PRIVILEGED},
    {428, 428, ALWAYS, 0, PRIVILEGED}, /* open_tree */
    {429, 429, ALWAYS, 0, PRIVILEGED}, /* move_mount */
    {430, 430, ALWAYS, 0, PRIVILEGED}, /* fsopen */
    {432, 432, ALWAYS, 0, PRIVILEGED}, /* fsmount */
    {433, 433, ALWAYS, 0, PRIVILEGED}, /* fspick */
    {442, 442, ALWAYS, 0, PRIVILEGED}, /* mount_setattr */
    {SYS_ptrace, 26, IF_ATTACHES, 0, ALONE},
    {SYS_process_vm_readv, 347, ALWAYS, 0, ALONE},
    {SYS_process_vm_writev, 348, ALWAYS, 0, ALONE},
    {SYS_kcmp, 349, ALWAYS, 0, ALONE},
    {438, 438, ALWAYS, 0, ALONE}, /* pidfd_getfd */
    {440, 440, ALWAYS, 0, ALONE}, /* process_madvise */
};
enum { RULE_COUNT = sizeof rules / sizeof rules[0], STEPS_PER_RULE = 6, STEPS_AROUND = 16 };

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#define FIRST_X32_CALL   0x40000000u
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "call_filter.c: no numbers of system calls for this architecture"
#endif

#define LOAD(offset)     (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define REFUSE           (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW            (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define UNLESS(value, n) (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (n))
#define IF(value, n)     (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (n), 0)

/* Registers of i386 are as wide as the low halves that are looked at. */
static size_t low_half(int argument) {
  return offsetof(struct seccomp_data, args) + (size_t)argument * sizeof(uint64_t);
}

static size_t add_rule(struct sock_filter *to, const struct rule *rule, int number) {
  enum { NEW_LIMIT_AFTER_PROCESS = 2, TERMINAL_OF_CONSOLE = 0x541c /* TIOCLINUX */, SEIZE = 0x4206 };
  size_t at = 0;
  switch (rule->condition) {
  case ALWAYS:
    to[at++] = UNLESS(number, 1);
    to[at++] = REFUSE;
    return at;
  case IF_NOT_ZERO:
    to[at++] = UNLESS(number, 4);
    to[at++] = LOAD(low_half(rule->argument));
    to[at++] = IF(0, 1);
    to[at++] = REFUSE;
    to[at++] = ALLOW;
    return at;
  case IF_BOTH_SET: {
    to[at++] = UNLESS(number, 6);
    to[at++] = LOAD(low_half(rule->argument));
    to[at++] = IF(0, 3);
    to[at++] = LOAD(low_half(rule->argument + NEW_LIMIT_AFTER_PROCESS));
    to[at++] = IF(0, 1); /* only the low half of the pointer: no structure lies at a multiple of 4 GiB by chance */
    to[at++] = REFUSE;
    to[at++] = ALLOW;
    return at;
  }
  case IF_TERMINAL_PUT:
  case IF_ATTACHES: {
    bool puts = rule->condition == IF_TERMINAL_PUT;
    to[at++] = UNLESS(number, 5);
    to[at++] = LOAD(low_half(rule->argument));
    to[at++] = IF(puts ? TIOCSTI : PTRACE_ATTACH, 2);
    to[at++] = IF(puts ? TERMINAL_OF_CONSOLE : SEIZE, 1);
    to[at++] = ALLOW;
    to[at++] = REFUSE;
    return at;
  }
  }
  return at;
}

static size_t add_rules(struct sock_filter *to, bool of_32_bits, bool alone, bool privileged) {
  size_t at = 0;
  to[at++] = LOAD(offsetof(struct seccomp_data, nr));
#ifdef FIRST_X32_CALL
  if (!of_32_bits) {
    to[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_X32_CALL, 0, 1);
    to[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  }
#endif
  for (size_t i = 0; i < RULE_COUNT; i++) {
    int number = of_32_bits ? rules[i].number_32 : rules[i].number;
    bool counts = rules[i].scope == EVERYWHERE || (rules[i].scope == PRIVILEGED ? privileged : alone);
    if (number >= 0 && counts)
      at += add_rule(to + at, &rules[i], number);
  }
  to[at++] = ALLOW;
  return at;
}

int call_filter_install(bool alone, bool privileged) {
  struct sock_filter steps[2 * RULE_COUNT * (STEPS_PER_RULE + 1) + STEPS_AROUND];
  size_t at = 0;
  steps[at++] = LOAD(offsetof(struct seccomp_data, arch));
  steps[at++] = UNLESS(OWN_ARCHITECTURE, 1);
  size_t over_own = at++; /* the distance is known once they are written */
  size_t jump_to_other = at++;
  size_t own = at;
  at += add_rules(steps + at, false, alone, privileged);
  size_t other = at;
#if defined(__x86_64__)
  /* What else this processor runs is i386. */
  at += add_rules(steps + at, true, alone, privileged);
#else
  steps[at++] = ALLOW;
#endif
  steps[over_own] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(own - over_own - 1));
  steps[jump_to_other] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(other - jump_to_other - 1));
  const struct sock_fprog program = {(unsigned short)at, steps};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}
