#include "check/fault.h"
#include "base/options.h"
#include "base/print.h"
#include "check/explain.h"
#include "check/object.h"
#include "check/report.h"
#include "check/step.h"
#include "check/stop.h"
#include "check/watch.h"
#include "guard/instruction.h"
#include "space/kernel.h"
#include "space/space.h"
#include "trace/call_on.h"

#include <errno.h>
#include <string.h>

#define ALTERNATE_STACK_BYTES (32 * KIB)
#define FAULT_STACK_BYTES     (128 * KIB)
#define FAULT_STACKS_BYTES    (ALTERNATE_STACK_BYTES + FAULT_STACK_BYTES)

/* glibc's own name for sigaction, which this library's replaces. */
extern int __sigaction(int number, const struct sigaction *action, struct sigaction *before);

static const int taken[] = {SIGSEGV, SIGBUS, SIGTRAP};
static struct sigaction own_action[ARRAY_LENGTH(taken)]; /* the program's; under no lock, as the kernel's are */

static int index_of(int number) {
  for (size_t i = 0; i < ARRAY_LENGTH(taken); i++)
    if (taken[i] == number)
      return (int)i;
  return -1;
}

bool fault_takes(int number) {
  return index_of(number) >= 0;
}

int fault_action(int number, const struct sigaction *action, struct sigaction *before) {
  struct sigaction *own = &own_action[index_of(number)];
  if (before != NULL)
    *before = *own;
  if (action != NULL)
    *own = *action;
  return 0;
}

void fault_unblock(sigset_t *set) {
  for (size_t i = 0; i < ARRAY_LENGTH(taken); i++)
    sigdelset(set, taken[i]);
}

/* ---- Faults in guarded slots. ---- */

/* The access of the instruction that `address` belongs to; of 0 bytes when it can't be decoded. */
static struct instruction_access access_at(const ucontext_t *context, uintptr_t address) {
  struct instruction instruction;
  struct instruction_access unknown = {.address = address};
  if (!instruction_read(context, &instruction))
    return unknown;
  for (unsigned i = 0; i < instruction.access_count; i++) {
    const struct instruction_access *access = &instruction.accesses[i];
    if (address >= access->address && address - access->address < access->bytes)
      return *access;
  }
  return unknown;
}

static void report_guarded(const struct fault *fault, struct checked checked) {
  struct object_record *record = checked.record;
  struct instruction_access access = access_at(fault->context, fault->address);
  enum fh_report_kind kind = FH_REPORT_HEAP_USE_AFTER_FREE;
  if (checked.where == CHECKED_BEFORE)
    kind = FH_REPORT_HEAP_BUFFER_UNDERFLOW;
  else if (checked.where == CHECKED_BEYOND)
    kind = FH_REPORT_HEAP_BUFFER_OVERFLOW;
  struct fh_report report;
  report_begin_at_fault(&report, kind, fault->context);
  report.address = access.address;
  report.access = access.writes ? FH_ACCESS_WRITE : fault->access;
  report.access_bytes = access.bytes;
  report_add_object(&report, record);
  report_write(&report);
  record->known |= OBJECT_KNOWN_DAMAGE;
}

/* This thread has got zeros to read in place of a freed object: a null pointer that it then follows is no news. */
static __thread bool reads_zeros;

/* True when the program can go on. */
static bool guarded_fault(const struct fault *fault) {
  struct checked checked = checked_at(fault->address);
  struct object_record *record = checked.record;
  if (record == NULL)
    return false;
  uintptr_t pages = align_down(record->start, space_page_bytes());
  uintptr_t pages_end = align_up(record->start + record->bytes, space_page_bytes());
  bool in_pages = fault->address >= pages && fault->address < pages_end;
  if (checked.where != CHECKED_FREED && in_pages)
    return watch_covers(record) ? watch_fault(record, fault->context)
                                : guard_open_pages(record); /* its watch has just ended */
  report_guarded(fault, checked);
  reads_zeros |= checked.where == CHECKED_FREED;
  return guard_open(fault->address, 1);
}

/* ---- The program's own handlers. ---- */

/* What the kernel would have done; false when that is to end the program. */
static bool pass_on(int number, siginfo_t *info, void *context) {
  struct sigaction *own = &own_action[index_of(number)], action = *own;
  if ((action.sa_flags & SA_SIGINFO) == 0 && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN))
    return false; /* a fault can't be ignored either */
  if (((unsigned)action.sa_flags & (unsigned)SA_RESETHAND) != 0)
    own->sa_handler = SIG_DFL; /* and siginfo goes with it */
  sigset_t blocked = action.sa_mask;
  fault_unblock(&blocked);
  kernel_block_signals(&blocked);
  if ((action.sa_flags & SA_SIGINFO) != 0)
    action.sa_sigaction(number, info, context);
  else
    action.sa_handler(number);
  return true;
}

static bool has_own_handler(int number) {
  const struct sigaction *own = &own_action[index_of(number)];
  return (own->sa_flags & SA_SIGINFO) != 0 || (own->sa_handler != SIG_DFL && own->sa_handler != SIG_IGN);
}

/* The fault happens again when the handler returns, and then does what it does without us. */
static void let_it_end(int number) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  __sigaction(number, &standard, NULL);
}

static bool sent_by_somebody(const siginfo_t *info) {
  return info->si_code <= 0;
}

static void handle(int number, siginfo_t *info, void *context) {
  int saved_errno = errno;
  step_find_program(context);
  struct fault fault = fault_describe(number, info, context);
  bool done = false;
  if (number == SIGTRAP) {
    done = step_trapped(context) || stop_trapped(info) || pass_on(number, info, context);
  } else if (!sent_by_somebody(info) && guard_contains(fault.address)) {
    done = guarded_fault(&fault);
  }
  if (!done && number != SIGTRAP) {
    bool follows = reads_zeros && fault.address < NULL_BYTES;
    if (!has_own_handler(number) && !sent_by_somebody(info) && !follows)
      explain(&fault);
    done = pass_on(number, info, context);
  }
  if (!done) {
    let_it_end(number);
    if (number == SIGTRAP || sent_by_somebody(info))
      kernel_raise(number); /* nothing makes it happen again */
  }
  errno = saved_errno;
}

/* ---- Stacks. ---- */

/* This thread's stack for handling faults. The alternate stack that the kernel knows may become one of the program's own,
 * too small for what we do. The kernel must not think that it is free again when we have left it: it is disarmed while a
 * handler runs (SS_AUTODISARM, Linux 4.7). */
static __thread uintptr_t own_stack;

struct signal_call {
  int number;
  siginfo_t *info;
  void *context;
};

static void handle_call(void *argument) {
  const struct signal_call *call = argument;
  handle(call->number, call->info, call->context);
}

static void on_fault(int number, siginfo_t *info, void *context) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  struct signal_call call = {number, info, context};
  if (own_stack != 0 && here - own_stack >= FAULT_STACK_BYTES)
    call_on(own_stack + FAULT_STACK_BYTES, &call, handle_call);
  else
    handle(number, info, context); /* there is none, or we are on it */
}

/* ---- Start. ---- */

void *fault_stack_take(void) {
  intptr_t at = kernel.reserve(FAULT_STACKS_BYTES);
  if (at < 0 && at > -4096)
    return NULL;
  stack_t now, stack = {.ss_sp = (void *)at, .ss_flags = DISARMED_IN_HANDLERS, .ss_size = ALTERNATE_STACK_BYTES};
  if (kernel.commit((uintptr_t)at, FAULT_STACKS_BYTES) != 0) {
    kernel.release((uintptr_t)at, FAULT_STACKS_BYTES);
    return NULL;
  }
  if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) != 0)
    kernel_alternate_stack(&stack);
  own_stack = (uintptr_t)at + ALTERNATE_STACK_BYTES;
  return (void *)at;
}

void fault_stack_give(void *stack) {
  if (stack == NULL)
    return;
  stack_t now;
  if (sigaltstack(NULL, &now) == 0 && now.ss_sp == stack) {
    stack_t none = {.ss_flags = SS_DISABLE};
    kernel_alternate_stack(&none);
  }
  own_stack = 0;
  kernel.release((uintptr_t)stack, FAULT_STACKS_BYTES);
}

/* The program's alternate stack of this thread. */
static __thread uintptr_t program_stack;

static void stack_restore(void) {
  stack_t stack = {.ss_sp = (void *)(own_stack - ALTERNATE_STACK_BYTES),
                   .ss_flags = DISARMED_IN_HANDLERS,
                   .ss_size = ALTERNATE_STACK_BYTES};
  program_stack = 0;
  if (own_stack != 0)
    kernel_alternate_stack(&stack);
}

void fault_stack_replaced(const stack_t *stack) {
  if (stack == NULL)
    stack_restore();
  else
    program_stack = (uintptr_t)stack->ss_sp;
}

void fault_stack_freed(uintptr_t start, size_t bytes) {
  if (UNLIKELY(program_stack != 0) && program_stack - start < bytes)
    stack_restore();
}

void fault_start(void) {
  fault_stack_take();
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
  action.sa_sigaction = on_fault;
  /* The program's other handlers wait until the fault is done with. */
  sigfillset(&action.sa_mask);
  fault_unblock(&action.sa_mask);
  for (size_t i = 0; i < ARRAY_LENGTH(taken); i++)
    __sigaction(taken[i], &action, &own_action[i]);
}
